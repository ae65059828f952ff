import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {HistoryReport} from '../../src/env/updates/history.js'
import type {StatusReport} from '../../src/env/status.js'
import {errorOf, type Run} from '../helpers/cli.js'
import {freePort} from '../helpers/free-port.js'
import {Load, type LoadReport} from '../helpers/load.js'
import {Cluster, type ServerNode, siteOn, type SwarmSite, until} from '../helpers/swarm.js'

let cluster: Cluster
let node: ServerNode
let site: SwarmSite
let url: string
const FIRST = 'aquastream-test/gateway:1'
const SECOND = 'aquastream-test/gateway:2'
const SERVICES = 'env:up --service edge --yes --json'

beforeAll(async () => {
  cluster = await Cluster.open(1)
  node = cluster.nodes[0]!
  const port = String(await freePort())
  site = await siteOn(node, {
    GATEWAY_PORT: port,
    BACKEND_JAVA_OPTIONS: '-DSLOW_JVM_START_SECONDS=20',
  })
  url = `http://${await node.ip()}:${port}/actuator/health`
  await Promise.all([FIRST, SECOND].map(async (image, index) => derive(image, `VERSION=${index + 1}`)))
  expectDone(await upTo(FIRST))
})

afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

describe('updates of the gateway under load', () => {
  test('no request fails, and a second start is refused', async () => {
    const {run, load} = await underLoad(async () => {
      const first = upTo(SECOND)
      await until('the lock', async () => (await node.docker('config', 'ls')).includes('_lock'))
      // Already while the update goes on: a stack with containers of two versions is not up to date.
      const second = await upTo(SECOND)
      // The next tests need the lock.
      const run = await first
      expect(second.exitCode, second.stderr + second.stdout).toBe(8)
      return run
    })
    expectDone(run)
    console.log(`update: ${describeLoad(load)}`)
    expect(load.failed).toEqual([])
    expect(await imageOf('gateway')).toBe(SECOND)
    expect(await lastResult()).toEqual({service: 'gateway', from: FIRST, to: SECOND, result: 'completed'})
  })

  test('a version that exits at once is rolled back', async () => {
    const image = 'aquastream-testbed/dies:latest'
    const {run, load} = await underLoad(() => upTo(image))
    console.log(`exits at once: ${describeLoad(load)}`)
    expect(run.exitCode).toBe(4)
    expect(errorOf(run).code).toBe('service-failed')
    expect(errorOf(run).message).toBe(
      `gateway was not updated to ${image}: it exited with status 1; it was rolled back and runs ${SECOND}`,
    )
    expect(run.stdout).toContain('cannot read its configuration')
    expect(load.failed).toEqual([])
    expect(await lastResult()).toMatchObject({to: image, result: 'rolled back'})
  })

  test('a version that never becomes healthy is rolled back in time', async () => {
    const {run, load} = await underLoad(() => upTo('aquastream-testbed/never-healthy:latest', '--timeout 30'))
    console.log(`never healthy: ${describeLoad(load)}`)
    expect(run.exitCode).toBe(4)
    expect(errorOf(run).code).toBe('timeout')
    expect(load.failed).toEqual([])
    expect(await imageOf('gateway')).toBe(SECOND)
  })

  test('a version whose image is missing changes nothing', async () => {
    const run = await upTo('aquastream-test/gateway:none')
    expect(run.exitCode).toBe(3)
    expect(errorOf(run).code).toBe('image-missing')
    expect(await imageOf('gateway')).toBe(SECOND)
  })

  test('data services keep running after an interruption', async () => {
    const interrupted = site.start(SERVICES, {
      env: {BACKEND_GATEWAY_IMAGE: SECOND, REDIS_MEMORY: '300m'},
    })
    await until('a stopped Redis', async () => (await replicasOf('redis')) === '0/0')
    interrupted.kill('SIGINT')
    expect((await interrupted.ended).exitCode).toBe(130)
    await until('the old Redis', async () => (await replicasOf('redis')) === '1/1')
  })

  test('env:rollback returns to the version before', async () => {
    const run = await site.run('env:rollback --json')
    expectDone(run)
    expect(await imageOf('gateway')).toBe(FIRST)
    expect(await lastResult()).toMatchObject({from: SECOND, to: FIRST, result: 'completed'})
  })

  test('an update whose command was killed is continued', async () => {
    const {run, load} = await underLoad(async () => {
      const killed = site.start(SERVICES, {env: {BACKEND_GATEWAY_IMAGE: SECOND}})
      await until('the update', async () => (await updateState()) === 'updating')
      killed.kill('SIGKILL')
      await killed.ended
      return upTo(SECOND)
    })
    expectDone(run)
    expect(run.stdout).not.toContain('"changed":false')
    console.log(`killed: ${describeLoad(load)}`)
    expect(load.failed).toEqual([])
    expect(await imageOf('gateway')).toBe(SECOND)
  })
})

/** Runs a command while clients send 60 requests per second. */
async function underLoad(command: () => Promise<Run>): Promise<{run: Run; load: LoadReport}> {
  const clients = new Load(url, 60)
  try {
    const run = await command()
    return {run, load: await clients.stop()}
  } catch (error) {
    await clients.stop()
    throw error
  }
}

function describeLoad({requests, failed, slowest}: LoadReport): string {
  return `${failed.length} of ${requests} requests failed, the slowest took ${Math.round(slowest)} ms`
}

function upTo(image: string, flags = ''): Promise<Run> {
  return site.run(`${SERVICES} ${flags}`, {env: {BACKEND_GATEWAY_IMAGE: image}})
}

/** Makes an image like that of a slow backend, under another name. */
async function derive(image: string, variable: string): Promise<void> {
  const container = await node.docker('create', 'aquastream-testbed/slow-jvm:latest')
  await node.docker('commit', '--change', `ENV ${variable}`, container, image)
  await node.docker('rm', container)
}

async function imageOf(service: string): Promise<string | null | undefined> {
  const {services} = JSON.parse((await site.run('env:status --json')).stdout) as StatusReport
  return services.find(row => row.service === service)?.image
}

async function updateState(): Promise<string> {
  const format = '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}'
  return node.docker('service', 'inspect', '--format', format, `${site.project}_gateway`)
}

/** The running and the wanted containers of a service, such as 1/1. */
async function replicasOf(service: string): Promise<string> {
  const name = `name=${site.project}_${service}`
  return node.docker('service', 'ls', '--filter', name, '--format', '{{.Replicas}}')
}

async function lastResult() {
  const {updates} = JSON.parse((await site.run('env:history --json')).stdout) as HistoryReport
  return updates[0]?.changes[0]
}

function expectDone({exitCode, stdout, stderr}: Run): void {
  expect(exitCode, stderr + stdout).toBe(0)
}
