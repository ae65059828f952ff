import {describe, expect, test, vi} from 'vitest'
import {AquastreamError} from '../../../src/errors.js'
import {listUpdates} from '../../../src/engines/swarm/cluster/history.js'
import type {StackContext} from '../../../src/engines/stack-context.js'
import {changedSpecs, runSteps} from '../../../src/engines/swarm/deploy/steps.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'
import {rollBack} from '../../../src/env/updates/rollback.js'
import {FakeEngine, FakeService} from '../../helpers/fake-engine.js'

const engine = FakeEngine.forFile()

describe('the result of an update', () => {
  test('it is recorded when Swarm watches no more', async () => {
    const {service, run} = await begin()
    service.update = 'completed'
    await run
    expect(recorded()).toEqual(['completed'])
    expect(await results()).toEqual(['completed'])
  })

  test('a version that Swarm keeps is completed without the command', async () => {
    const {service, kill} = await begin()
    await kill()
    expect(await results()).toEqual(['unknown'])
    service.update = 'completed'
    expect(await results()).toEqual(['completed'])
    expect(recorded()).toEqual([])
  })

  test('a version that Swarm returns is rolled back without the command', async () => {
    const {service, kill} = await begin()
    await kill()
    service.change(specOf('user', 'old'))
    service.update = 'rollback_started'
    expect(await results()).toEqual(['unknown'])
    service.update = 'rollback_completed'
    expect(await results()).toEqual(['rolled back'])
    service.update = 'rollback_paused'
    expect(await results()).toEqual(['failed'])
  })

  test('what Swarm has rolled back needs no env:rollback', async () => {
    const {service, kill} = await begin()
    await kill()
    service.change(specOf('user', 'old'))
    const stack = {profile: 'prod', project: 'p', env: {}} as unknown as StackContext
    const ctx = {on: () => undefined, signal: AbortSignal.timeout(20_000)}
    await expect(rollBack({stack, services: [], timeout: 5}, ctx)).rejects.toMatchObject({
      code: 'no-such-update',
      message:
        'nothing of the last update of prod runs: it was rolled back already, had not begun, or the stack was removed since',
    })
  })

  test('an update that has not begun has no result', async () => {
    const service = new FakeService(engine, specOf('user', 'old'))
    const failure = engine.answers.get('POST /services/s1/update')!
    engine.answers.set('POST /services/s1/update', {status: 400, body: {message: 'no'}})
    await expect(runSteps([stepOf(service, 'user')], {command: 'env:up'}, deployment())).rejects.toThrow()
    engine.answers.set('POST /services/s1/update', failure)
    expect(await results()).toEqual(['unknown'])
  })

  test('the result of a killed update outlasts the next update', async () => {
    const {service, kill} = await begin()
    await kill()
    service.update = 'completed'
    const step = {name: 'user', spec: specOf('user', 'newer'), service: service.read()}
    await runSteps([step], {command: 'env:up'}, deployment())
    expect(await results()).toEqual(['completed', 'completed'])
  })
})

test('a service that only gets more containers needs its image on every node', () => {
  const service = new FakeService(engine, specOf('user', 'old')).read()
  const spec = specOf('user', 'old')
  const more = {...spec, Mode: {Replicated: {Replicas: 2}}}
  expect(changedSpecs([{name: 'user', spec: more, service}])).toEqual([more])
  expect(changedSpecs([{name: 'user', spec, service}])).toEqual([])
})

test('updates are followed although the next one is refused', async () => {
  const [user, event] = ['user', 'event'].map(name => new FakeService(engine, specOf(name, 'old')))
  engine.answers.set('POST /services/s2/update', {status: 400, body: {message: 'no'}})
  const steps = [stepOf(user!, 'user'), stepOf(event!, 'event')]
  await expect(runSteps(steps, {command: 'env:up'}, deployment())).rejects.toThrow(
    'update the service p_event',
  )
  expect(recorded()).toEqual(['completed'])
})

test('edge runs again before the message says so', async () => {
  const edge = new FakeService(engine, specOf('edge', 'old'))
  edge.startsAs = ({Labels: labels}) => {
    if (labels['aquastream.spec'] === 'old') setTimeout(() => setState('running'), 700)
    return 'starting'
  }
  const setState = (state: string): void => {
    edge.tasks.at(-1)!.Status.State = state
  }
  setState('running')
  const late = AbortSignal.timeout(1500)
  await expect(
    runSteps([stepOf(edge, 'edge')], {command: 'env:up'}, {project: 'p', signal: late}),
  ).rejects.toThrow('it was rolled back and runs image-old')
  expect(edge.tasks.at(-1)!.Status.State).toBe('running')
})

/** Begins an update of a backend, which Swarm watches; its containers are healthy. */
async function begin() {
  const service = new FakeService(engine, specOf('user', 'old'))
  service.update = 'updating'
  const end = new AbortController()
  const run = runSteps([stepOf(service, 'user')], {command: 'env:up'}, {project: 'p', signal: end.signal})
  const ended = run.catch(() => undefined)
  // The first look finds it healthy.
  await vi.waitFor(() => {
    const asked = engine.requests.findLastIndex(({path}) => path === '/services/s1/update')
    const looks = engine.requests.slice(asked).filter(({path}) => path === '/tasks')
    expect(asked >= 0 && looks.length > 1).toBe(true)
  }, 10_000)
  const kill = async (): Promise<void> => {
    end.abort(new AquastreamError('interrupted', 'interrupted', {hint: ''}))
    await ended
  }
  return {service, run, kill}
}

/** The results in the history, of the newest update first. */
async function results(): Promise<string[]> {
  return (await listUpdates('p')).flatMap(({changes}) => changes.map(({result}) => result))
}

/** The results that commands have recorded. */
function recorded(): string[] {
  return engine.configs.flatMap(({Spec: {Labels: labels}}) =>
    Object.entries(labels).flatMap(([label, value]) => (label.includes('.result.') ? [value] : [])),
  )
}

function deployment() {
  return {project: 'p', signal: AbortSignal.timeout(20_000)}
}

function stepOf(service: FakeService, name: string) {
  return {name, spec: specOf(name, 'new'), service: service.read()}
}

function specOf(name: string, version: string): ServiceSpec {
  const labels = {
    'aquastream.project': 'p',
    'aquastream.profile': 'prod',
    'aquastream.spec': version,
    'aquastream.image': `image-${version}`,
  }
  return {
    Name: `p_${name}`,
    Labels: labels,
    TaskTemplate: {ContainerSpec: {Image: 'i', Labels: labels}, Networks: [], ForceUpdate: 0},
    Mode: {Replicated: {Replicas: 1}},
  } as unknown as ServiceSpec
}
