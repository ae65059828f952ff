import {afterEach, describe, expect, test, vi} from 'vitest'
import {swarmEngine} from '../../../src/engines/swarm/engine.js'
import type {StackContext} from '../../../src/engines/stack-context.js'
import {stopStack} from '../../../src/engines/swarm/stop.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'
import {stopServices} from '../../../src/env/stop.js'
import {FakeEngine, FakeService, READY} from '../../helpers/fake-engine.js'

const engine = FakeEngine.forFile()

afterEach(() => {
  vi.useRealTimers()
})

test('a container that Docker Engine cannot remove is named after a minute', async () => {
  vi.useFakeTimers({toFake: ['performance']})
  engine.setSwarm()
  engine.answers.set('GET /containers/json', response => {
    vi.advanceTimersByTime(61_000)
    response.writeHead(200).end('[{"Id": "c1", "Names": ["/p_user.1.abc"]}]')
  })
  await expect(stopStack('p', {volumes: false}, AbortSignal.timeout(20_000))).rejects.toMatchObject({
    code: 'not-deleted',
    message: 'Docker Engine has not removed p_user.1.abc within 60 s',
    hint: 'remove them: docker rm -f p_user.1.abc; then run the command again',
  })
})

describe('env:stop on Swarm', () => {
  test.each(['pending', 'failed'])('a service whose container is %s is stopped', async state => {
    const user = new FakeService(engine, specOf('user'))
    user.startsAs = () => state
    user.change(user.spec)
    expect(await stop('user')).toMatchObject({stopped: ['user'], unchanged: []})
    expect(user.spec.Mode).toEqual({Replicated: {Replicas: 0}})
    expect(await stop('user')).toMatchObject({stopped: [], unchanged: ['user']})
  })

  test('between two attempts, a service that fails is restarting', async () => {
    const user = new FakeService(engine, specOf('user'))
    const [first] = user.tasks
    first!.Status.State = 'rejected'
    first!.DesiredState = 'shutdown'
    user.tasks.push({...first!, ID: 't2', DesiredState: 'ready', Status: {...first!.Status, State: 'ready'}})
    expect(await swarmEngine('p').states()).toMatchObject([
      {service: 'user', state: 'restarting', restarts: 1},
    ])
  })

  test('a database that was told to stop, on a node that is down, is named again', async () => {
    const postgres = new FakeService(engine, {...specOf('postgres'), Mode: {Replicated: {Replicas: 0}}})
    new FakeService(engine, specOf('user'))
    const [task] = engine.services[1]!.tasks
    postgres.tasks.push({...task!, ServiceID: postgres.read().ID, DesiredState: 'shutdown'})
    engine.answers.set('GET /nodes', {status: 200, body: [{...READY, Status: {State: 'down'}}]})
    await expect(stop('postgres')).rejects.toMatchObject({
      code: 'swarm-node',
      message: 'node-1 does not answer the managers, and may still run postgres of p',
    })
  })
})

function stop(service: string) {
  const stack = {profile: 'prod', project: 'p', env: {}} as unknown as StackContext
  return stopServices(
    {stack, services: [service]},
    {on: () => undefined, signal: AbortSignal.timeout(20_000)},
  )
}

function specOf(name: string): ServiceSpec {
  const labels = {'aquastream.project': 'p', 'aquastream.profile': 'prod', 'aquastream.spec': 'old'}
  return {
    Name: `p_${name}`,
    Labels: {...labels, 'aquastream.image': 'image'},
    TaskTemplate: {ContainerSpec: {Image: 'i', Labels: labels}, Networks: [], ForceUpdate: 0},
    Mode: {Replicated: {Replicas: 1}},
  } as unknown as ServiceSpec
}
