import {hostname} from 'node:os'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, afterEach, beforeAll, expect, test, vi} from 'vitest'
import {isLockLost, keep, withSwarmLock} from '../../../src/engines/swarm/cluster/lock.js'
import {identify, type ProcessIdentity} from '../../../src/system/process-identity.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

let engine: FakeEngine

beforeAll(async () => {
  engine = await FakeEngine.open()
  engine.setNode({state: 'active', manager: true})
})

afterAll(async () => engine[Symbol.asyncDispose]())

afterEach(() => {
  vi.useRealTimers()
})

test('the error of the work is not hidden', async () => {
  engine.answers.set('POST /configs/create', {status: 201, body: {ID: 'lock'}})
  engine.answers.set('DELETE /configs/lock', {status: 500, body: {message: 'no leader'}})
  const work = async () => Promise.reject(new Error('the work failed'))
  await expect(withSwarmLock('p', 'env:up', {signal: new AbortController().signal, work})).rejects.toThrow(
    'the work failed',
  )
})

test('a process of an earlier boot proves nothing', async () => {
  // The process exists, and the lock is fresh: only the boot differs.
  const started = `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)} 1`
  await expectBusy({pid: process.pid, started})
})

test('a process in another PID namespace proves nothing', async () => {
  // Here, no process has its pid.
  const {started} = await identify(process.pid)
  await expectBusy({pid: 2 ** 22 + 1, started, pidNamespace: 'pid:[1]'})
})

/** Expects that a process with this identity keeps a fresh lock. */
async function expectBusy(identity: ProcessIdentity): Promise<void> {
  const holder = {host: hostname(), user: 'u', command: 'env:up', ...identity}
  const now = new Date().toISOString()
  const Spec = {Name: 'p_lock', Labels: {}, Data: Buffer.from(JSON.stringify(holder)).toString('base64')}
  const stored = {ID: 'other', Version: {Index: 1}, CreatedAt: now, UpdatedAt: now, Spec}
  engine.answers.set('POST /configs/create', {status: 409, body: {message: 'exists'}})
  engine.answers.set('GET /configs', {status: 200, body: [stored]})
  // Removed, the lock is free.
  engine.answers.set('DELETE /configs/other', response => {
    engine.answers.set('POST /configs/create', {status: 201, body: {ID: 'stolen'}})
    response.writeHead(204).end()
  })
  const work = async () => undefined
  await expect(
    withSwarmLock('p', 'env:up', {signal: new AbortController().signal, work}),
  ).rejects.toMatchObject({code: 'busy'})
}

test('a holder whose lock was removed stops', async () => {
  vi.useFakeTimers({toFake: ['setInterval']})
  await new Promise<void>(resolve => {
    const beat = keep('removed', () => {
      beat.stop()
      resolve()
    })
    vi.advanceTimersByTime(5000)
  })
})

test('a command that lost its lock says so', async () => {
  engine.answers.set('POST /configs/create', {status: 201, body: {ID: 'taken'}})
  vi.useFakeTimers({toFake: ['setInterval']})
  const held = withSwarmLock('p', 'env:up', {
    signal: new AbortController().signal,
    // As all waits of a deployment: its error names no reason.
    work: async signal => sleep(60_000, undefined, {signal}),
  })
  const outcome = expect(held).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining('was lost'),
  })
  await vi.waitFor(() => {
    expect(engine.requests.at(-1)?.path).toBe('/configs/create')
  })
  // The lock is read, and does not exist.
  for (let tries = 0; tries < 20; tries++) {
    vi.advanceTimersByTime(5000)
    await sleep(20)
  }
  await outcome
})

test('only a lost lock counts as lost', () => {
  expect(isLockLost(AbortSignal.abort())).toBe(false)
})
