import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {AquastreamError} from '../../../src/errors.js'
import {allEnded} from '../../../src/engines/swarm/deploy/apply.js'
import {asStarted, replaceDataService} from '../../../src/engines/swarm/deploy/data.js'
import {versionOf} from '../../../src/engines/swarm/cluster/services.js'
import {waitUntilServing} from '../../../src/engines/swarm/deploy/serving.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'
import {FakeEngine, FakeService} from '../../helpers/fake-engine.js'

const engine = FakeEngine.forFile()

test('a data service runs its old version after a failure', async () => {
  const service = new FakeService(engine, specOf('old'))
  service.startsAs = ({Labels}) => (Labels['aquastream.spec'] === 'old' ? 'running' : 'failed')
  const outcome = await replace(service, AbortSignal.timeout(20_000))
  expect(outcome.result).toBe('rolled back')
  expect(outcome.failure).toMatchObject({code: 'service-failed'})
  expect((outcome.failure as Error).message).toContain('it was rolled back and runs image-old')
  expect(service.spec).toMatchObject({Labels: {'aquastream.spec': 'old'}, Mode: {Replicated: {Replicas: 1}}})
})

test('an interruption does not leave a data service stopped', async () => {
  const interrupt = new AbortController()
  const service = new FakeService(engine, specOf('old'))
  service.startsAs = ({Labels}) => {
    if (Labels['aquastream.spec'] === 'old') return 'running'
    interrupt.abort(new AquastreamError('interrupted', 'interrupted', {hint: ''}))
    return 'starting'
  }
  const outcome = await replace(service, interrupt.signal)
  expect(outcome).toMatchObject({result: 'rolled back', failure: {code: 'interrupted'}})
  expect(service.spec).toMatchObject({Labels: {'aquastream.spec': 'old'}, Mode: {Replicated: {Replicas: 1}}})
})

test('a service that a killed command left at 0 starts with its containers', () => {
  const {Labels: labels, Mode: mode} = asStarted({
    ...specOf('old'),
    Labels: {'aquastream.replicas': '3'},
    Mode: {Replicated: {Replicas: 0}},
  })
  expect(mode).toEqual({Replicated: {Replicas: 3}})
  expect(labels).toEqual({})
})

test('failures from before the wait do not count', async () => {
  const service = new FakeService(engine, specOf('new'))
  const [task] = service.tasks
  const failed = {...task!, DesiredState: 'shutdown', Status: {...task!.Status, State: 'failed'}}
  const last = {...task!, ID: 'c', DesiredState: 'shutdown'}
  service.tasks.splice(0, 1, {...failed, ID: 'a'}, {...failed, ID: 'b'}, last)
  setTimeout(() => service.tasks.push(task!), 100)
  const spec = specOf('new')
  const wanted = {name: 'postgres', spec, version: versionOf(spec.TaskTemplate)}
  await waitUntilServing(wanted, {project: 'p', signal: AbortSignal.timeout(20_000)})
})

test('a service that fails does not abandon the others', async () => {
  let isDone = false
  const slow = sleep(50).then(() => {
    isDone = true
  })
  await expect(allEnded([Promise.reject(new Error('first')), slow])).rejects.toThrow('first')
  expect(isDone).toBe(true)
})

function replace(service: FakeService, signal: AbortSignal) {
  return replaceDataService(
    {name: 'postgres', spec: specOf('new'), service: service.read()},
    {project: 'p', signal},
  )
}

function specOf(version: string): ServiceSpec {
  const labels = {
    'com.docker.stack.namespace': 'p',
    'aquastream.project': 'p',
    'aquastream.spec': version,
    'aquastream.image': `image-${version}`,
  }
  return {
    Name: 'p_postgres',
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {
        Image: 'sha256:0',
        Labels: labels,
        Env: [],
        ReadOnly: true,
        CapabilityAdd: [],
        CapabilityDrop: [],
        Privileges: {NoNewPrivileges: true},
        Mounts: [],
      },
      Resources: {Limits: {MemoryBytes: 1, Pids: 1}},
      RestartPolicy: {Condition: 'any'},
      Placement: {Constraints: []},
      Networks: [],
      LogDriver: {Name: 'json-file', Options: {}},
      ForceUpdate: 0,
    },
    Mode: {Replicated: {Replicas: 1}},
    EndpointSpec: {Mode: 'dnsrr', Ports: []},
  }
}
