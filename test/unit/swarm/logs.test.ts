import {expect, test, vi} from 'vitest'
import {readLogs} from '../../../src/engines/swarm/logs/read.js'
import {readTask} from '../../../src/engines/swarm/logs/task-log.js'
import type {LogLine} from '../../../src/engines/engine.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'
import {FakeEngine, FakeService} from '../../helpers/fake-engine.js'

const engine = FakeEngine.forFile()

test('a quiet log is followed for any time', async () => {
  engine.answers.set('GET /tasks/t1/logs', response => response.writeHead(200).flushHeaders())
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const stop = new AbortController()
  const lines = readTask({id: 't1', service: 'user'}, {follow: true}, stop.signal).next()
  await vi.waitFor(() => {
    expect(engine.requests).toHaveLength(1)
  })
  // The time limit for a silent node is 10 s.
  expect(timers.mock.calls.filter(([, ms]) => ms === 10_000)).toEqual([])
  stop.abort()
  await expect(lines).rejects.toThrow()
  timers.mockRestore()
})

test('a log whose connection broke is followed without repeating lines', async () => {
  const labels = {'aquastream.project': 'p'}
  new FakeService(engine, {
    Name: 'p_user',
    Labels: labels,
    TaskTemplate: {ContainerSpec: {Image: 'i', Labels: labels}},
    Mode: {Replicated: {Replicas: 1}},
  } as unknown as ServiceSpec).tasks[0]!.Status.ContainerStatus = {ContainerID: 'c', ExitCode: 0}
  const [first, second] = ['first', 'second'].map(
    (text, index) => `${new Date(Date.now() + 1000 * index).toISOString().replace('Z', '000000Z')} ${text}`,
  ) as [string, string]
  let readers = 0
  engine.answers.set('GET /tasks/s1-t1/logs', response => {
    response.writeHead(200)
    if (engine.requests.at(-1)!.query.get('follow') === null) response.end()
    else if (readers++ === 0) response.write(frame(first), () => response.destroy())
    else response.write(Buffer.concat([frame(first), frame(second)]))
  })
  const stop = new AbortController()
  const lines = readLogs('p', {services: [], follow: true}, stop.signal)
  const shown = [await lines.next(), await lines.next()].map(({value}) => (value as LogLine).text)
  expect(shown).toEqual(['first', 'second'])
  const [, since] = engine.requests.flatMap(({query}) => (query.has('follow') ? [query.get('since')] : []))
  expect(Number(since)).toBeCloseTo(Date.parse(first.slice(0, 23) + 'Z') / 1000)
  stop.abort()
})

test('a log to be masked has no containers with old secrets', async () => {
  const specOf = (hash: string): ServiceSpec =>
    ({
      Name: 'q_user',
      Labels: {'aquastream.project': 'q'},
      TaskTemplate: {
        ContainerSpec: {Image: 'i', Labels: {}, Secrets: [{SecretName: `q_jwt_secret_${hash}`}]},
      },
      Mode: {Replicated: {Replicas: 1}},
    }) as unknown as ServiceSpec
  const service = new FakeService(engine, specOf('old'))
  service.change(specOf('new'))
  for (const {ID: id, Status: status, Spec: spec} of service.tasks) {
    status.ContainerStatus = {ContainerID: 'c', ExitCode: 0}
    const text = `2026-11-29T00:00:00.000000000Z ${spec.ContainerSpec.Secrets?.[0]?.SecretName}`
    engine.answers.set(`GET /tasks/${id}/logs`, response => response.writeHead(200).end(frame(text)))
  }
  const read = async (isMasked: boolean): Promise<string[]> => {
    const lines = readLogs('q', {services: ['user'], follow: false, isMasked}, AbortSignal.timeout(5000))
    const texts: string[] = []
    for await (const {text} of lines) texts.push(text)
    return texts
  }
  expect(await read(true)).toEqual([
    'q_jwt_secret_new',
    'aquastream: earlier containers are left out, because they ran with other secrets',
  ])
  expect((await read(false)).sort()).toEqual(['q_jwt_secret_new', 'q_jwt_secret_old'])
})

/** A line of stdout, as Docker Engine sends it. */
function frame(line: string): Buffer {
  const head = Buffer.alloc(8)
  head[0] = 1
  head.writeUInt32BE(Buffer.byteLength(line) + 1, 4)
  return Buffer.concat([head, Buffer.from(`${line}\n`)])
}
