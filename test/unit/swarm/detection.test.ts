import {describe, expect, test} from 'vitest'
import {get} from '../../../src/engines/api/client.js'
import {servicesSchema} from '../../../src/engines/swarm/objects.js'
import {listForeign, stacksInSwarm} from '../../../src/engines/swarm/cluster/services.js'
import {watchStates} from '../../../src/engines/swarm/states.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

const engine = FakeEngine.forFile()

describe('which stacks run on Swarm', () => {
  test('a node in no Swarm has no stacks', async () => {
    refuseServices(503)
    engine.setNode({state: 'inactive', manager: false})
    expect([...(await stacksInSwarm())]).toEqual([])
  })

  test('a worker cannot say, which is an error', async () => {
    refuseServices(503)
    engine.setNode({state: 'active', manager: false})
    await expect(stacksInSwarm()).rejects.toMatchObject({code: 'swarm-node'})
  })

  test.each([500, 503])('a manager without a leader is an error (%i)', async status => {
    refuseServices(status)
    engine.setNode({state: 'active', manager: true})
    await expect(stacksInSwarm()).rejects.toMatchObject({code: 'engine-failed', status})
  })
})

test('a watch waits while the Swarm is being created', async () => {
  engine.setNode({state: 'pending', manager: false})
  engine.answers.set('GET /services', response => {
    engine.answers.set('GET /services', {status: 200, body: []})
    response.writeHead(503).end(JSON.stringify({message: 'This node is not a swarm manager.'}))
  })
  engine.answers.set('GET /tasks', {status: 200, body: []})
  const {value} = await watchStates('p', {pace: 0}, new AbortController().signal).next()
  expect(value).toEqual([])
})

test('a foreign stack of the same name is recognized', async () => {
  const own = {'com.docker.stack.namespace': 'p', 'aquastream.project': 'p'}
  const foreign = {'com.docker.stack.namespace': 'p'}
  const services = [serviceOf('p_user', own), serviceOf('p_web', foreign)]
  engine.answers.set('GET /services', {status: 200, body: services})
  expect(await listForeign('p')).toEqual(['p_web'])
})

test('a silent manager is an error in time', async () => {
  engine.answers.set('GET /services', () => undefined)
  const read = get('/services', servicesSchema, {what: 'list services', limit: 100})
  // Without the docker command, the reason is that it is missing.
  await expect(read).rejects.toMatchObject({code: expect.stringMatching(/^engine-/) as unknown})
})

function serviceOf(name: string, labels: Record<string, string>) {
  return {
    ID: name,
    Version: {Index: 1},
    UpdatedAt: '2026-01-01T00:00:00Z',
    Spec: {Name: name, Labels: labels, TaskTemplate: {ContainerSpec: {Image: 'i'}}, Mode: {}},
  }
}

function refuseServices(status: number): void {
  engine.answers.set('GET /services', {status, body: {message: 'The swarm does not have a leader'}})
}
