import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {errorOf, expectDone} from '../helpers/cli.js'
import {GatewayUpdates} from '../helpers/gateway-updates.js'
import {Cluster, type ServerNode, until} from '../helpers/swarm.js'

let cluster: Cluster
let node: ServerNode
let gateway: GatewayUpdates
let first: string
let second: string

beforeAll(async () => {
  cluster = await Cluster.open(1)
  node = cluster.nodes[0]!
  gateway = await GatewayUpdates.open(cluster.nodes)
  first = await gateway.image('1')
  second = await gateway.image('2')
  expectDone(await gateway.upTo(first))
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

describe('updates of the gateway under load', () => {
  test('no request fails, and a second start is refused', async () => {
    const {run, load} = await gateway.underLoad('update', async () => {
      const update = gateway.upTo(second)
      await until('the lock', async () => (await node.docker('config', 'ls')).includes('_lock'))
      // Already while the update goes on: a stack with containers of two versions is not up to date.
      const other = await gateway.upTo(second)
      // The next tests need the lock.
      const run = await update
      expect(other.exitCode, other.stderr + other.stdout).toBe(8)
      return run
    })
    expectDone(run)
    expect(load.failed).toEqual([])
    // Edge holds requests for a while, so they would not fail during a short interruption.
    const [running, stopped] = await Promise.all([sinceWhen('running'), sinceWhen('shutdown')])
    expect(stopped).toBeGreaterThan(running)
    expect(await gateway.imageOf('gateway')).toBe(second)
    expect(await gateway.lastChange()).toEqual({
      service: 'gateway',
      from: first,
      to: second,
      result: 'completed',
    })
  })

  test('data services keep running after an interruption', async () => {
    const before = await memoryOf('redis')
    const interrupted = gateway.start(second, {REDIS_MEMORY: '300m'})
    // It is stopped for only a moment, but the new one needs some seconds until it is healthy.
    await until('a Redis that is replaced', async () => (await replicasOf('redis')) !== '1/1')
    interrupted.kill('SIGINT')
    expect((await interrupted.ended).exitCode).toBe(130)
    await until('the old Redis', async () => {
      return (await replicasOf('redis')) === '1/1' && (await memoryOf('redis')) === before
    })
  })

  test('env:rollback returns to the version before, and undoes nothing older unasked', async () => {
    // The last update is that of Redis, which was rolled back already.
    const unnamed = await gateway.site.run('env:rollback --json')
    expect(unnamed.exitCode).toBe(10)
    expect(errorOf(unnamed).hint).toContain('name the services')
    expect(await gateway.imageOf('gateway')).toBe(second)
    const run = await gateway.site.run('env:rollback gateway --json')
    expectDone(run)
    expect(await gateway.imageOf('gateway')).toBe(first)
    expect(await gateway.lastChange()).toMatchObject({from: second, to: first, result: 'completed'})
  })

  test('an update whose command was killed is continued', async () => {
    const {run, load} = await gateway.underLoad('killed', async () => {
      const killed = gateway.start(second)
      await until('the update', async () => (await updateState()) === 'updating')
      killed.kill('SIGKILL')
      await killed.ended
      return gateway.upTo(second)
    })
    expectDone(run)
    expect(run.stdout).not.toContain('"changed":false')
    expect(load.failed).toEqual([])
    expect(await gateway.imageOf('gateway')).toBe(second)
    expect(await gateway.lastChange()).toMatchObject({from: first, to: second, result: 'completed'})
  })

  test('a version whose image is missing changes nothing', async () => {
    const run = await gateway.upTo('aquastream-test/gateway:none')
    expect(run.exitCode).toBe(3)
    expect(errorOf(run).code).toBe('image-missing')
    expect(await gateway.imageOf('gateway')).toBe(second)
  })
})

/** When the newest container of the gateway with this state got it, in ms. It gets `running` when it is healthy. */
async function sinceWhen(state: 'running' | 'shutdown'): Promise<number> {
  const ids = await node.docker('service', 'ps', '--quiet', `${gateway.site.project}_gateway`)
  const tasks = await node.docker('inspect', '--format', '{{json .Status}}', ...ids.split('\n'))
  const statuses = tasks.split('\n').map(line => JSON.parse(line) as {State: string; Timestamp: string})
  return Math.max(
    ...statuses.filter(({State}) => State === state).map(({Timestamp}) => Date.parse(Timestamp)),
  )
}

async function updateState(): Promise<string> {
  const format = '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}'
  return node.docker('service', 'inspect', '--format', format, `${gateway.site.project}_gateway`)
}

/** The memory limit of a service, in bytes. */
async function memoryOf(service: string): Promise<string> {
  const format = '{{.Spec.TaskTemplate.Resources.Limits.MemoryBytes}}'
  return node.docker('service', 'inspect', '--format', format, `${gateway.site.project}_${service}`)
}

/** The running and the wanted containers of a service, such as 1/1. */
async function replicasOf(service: string): Promise<string> {
  const name = `name=${gateway.site.project}_${service}`
  return node.docker('service', 'ls', '--filter', name, '--format', '{{.Replicas}}')
}
