import {expect, test, vi} from 'vitest'
import {readTask} from '../../../src/engines/swarm/logs/task-log.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

test('a quiet log is followed for any time', async () => {
  await using engine = await FakeEngine.open()
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
