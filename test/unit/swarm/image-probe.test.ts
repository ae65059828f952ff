import {expect, test} from 'vitest'
import type {Node} from '../../../src/engines/swarm/objects.js'
import {findImageProblems, needsOf} from '../../../src/engines/swarm/nodes/images.js'
import {rollBack} from '../../../src/engines/swarm/deploy/rollback.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'
import {FakeEngine, FakeService} from '../../helpers/fake-engine.js'

const DATA = ['node.labels.aquastream.data==true']

test('a data node elsewhere is asked for its images', () => {
  const nodes = [node('own'), node('data', {isData: true})]
  expect(asked([spec('postgres', DATA), spec('user')], nodes)).toEqual({
    postgres: ['data'],
    user: ['own', 'data'],
  })
})

test('this node alone is not asked', () => {
  expect(asked([spec('postgres', DATA), spec('user')], [node('own', {isData: true})])).toEqual({})
})

test('an image that was removed here is asked for', () => {
  const nodes = [node('own', {isData: true})]
  expect(asked([spec('postgres', DATA), spec('user')], nodes, ['postgres'])).toEqual({user: ['own']})
})

test('a rollback to an image that was removed changes nothing', async () => {
  await using engine = await FakeEngine.open()
  const from = serviceSpec('old')
  const service = new FakeService(engine, serviceSpec('new'))
  const change = {service: 'postgres', from, to: serviceSpec('new')}
  const data = JSON.stringify({at: '2026-01-01', by: 'u', command: 'env:up', changes: [change]})
  const Spec = {
    Name: 'p_history_1',
    Labels: {'aquastream.kind': 'history'},
    Data: Buffer.from(data).toString('base64'),
  }
  const at = '2026-01-01T00:00:00Z'
  const stored = {ID: 'h1', Version: {Index: 1}, CreatedAt: at, UpdatedAt: at, Spec}
  engine.answers.set('GET /configs', {status: 200, body: [stored]})
  engine.answers.set('POST /configs/create', {status: 201, body: {ID: 'c1'}})
  engine.answers.set('POST /services/create', {status: 201, body: {ID: 'probe'}})
  service.startsAs = () => 'rejected'
  service.tasks[0]!.Status.State = 'rejected'
  const version = {service: 'postgres', from: 'new', to: 'old', update: '1'}
  const options = {project: 'p', signal: AbortSignal.timeout(20_000)}
  await expect(rollBack([version], options)).rejects.toMatchObject({code: 'image-missing'})
  expect(engine.requests.map(({path}) => path)).not.toContain('/services/s1/update')
})

test('of two tasks on a node, the one that has ended is the answer', async () => {
  await using engine = await FakeEngine.open()
  engine.setSwarm()
  engine.answers.set('POST /services/create', {status: 201, body: {ID: 'probe'}})
  const task = (ID: string, State: string) => ({
    ID,
    ServiceID: 'probe',
    NodeID: 'n1',
    DesiredState: 'complete',
    CreatedAt: '2026-01-01T00:00:00Z',
    Spec: {ContainerSpec: {Image: 'user', Labels: {}}},
    Status: {State, Timestamp: '2026-01-01T00:00:00Z'},
  })
  engine.answers.set('GET /tasks', {status: 200, body: [task('t2', 'pending'), task('t1', 'rejected')]})
  const options = {project: 'p', signal: AbortSignal.timeout(20_000)}
  expect(await findImageProblems([spec('user')], 'probe', options)).toMatchObject([
    {message: 'this node no longer has the previous image of user, and cannot pull it'},
  ])
})

function serviceSpec(version: string): ServiceSpec {
  const labels = {'aquastream.project': 'p', 'aquastream.spec': version, 'aquastream.image': version}
  return {
    Name: 'p_postgres',
    Labels: labels,
    TaskTemplate: {ContainerSpec: {Image: version, Labels: labels}},
    Mode: {Replicated: {Replicas: 1}},
  } as unknown as ServiceSpec
}

test('a node that is down is not asked', () => {
  expect(asked([spec('user')], [node('own'), node('other', {state: 'down'})])).toEqual({})
})

function asked(specs: ServiceSpec[], nodes: Node[], images = ['postgres', 'user']) {
  const needs = needsOf(specs, nodes, {id: 'own', images})
  return Object.fromEntries(needs.map(({image, nodes: found}) => [image, found.map(({ID}) => ID)]))
}

function spec(image: string, constraints: string[] = []): ServiceSpec {
  return {
    Labels: {'aquastream.image': image},
    TaskTemplate: {ContainerSpec: {Image: image}, Placement: {Constraints: constraints}},
  } as unknown as ServiceSpec
}

function node(name: string, {isData = false, state = 'ready'} = {}): Node {
  return {
    ID: name,
    Spec: {Labels: isData ? {'aquastream.data': 'true'} : {}, Availability: 'active'},
    Status: {State: state},
  } as unknown as Node
}
