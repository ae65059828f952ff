import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {StatusReport} from '../../src/env/status.js'
import type {ServiceRow} from '../../src/env/service-rows.js'
import {errorOf, type Run} from '../helpers/cli.js'
import {docker} from '../helpers/stack.js'
import {freePort} from '../helpers/free-port.js'
import {Cluster, type ServerNode, siteOn, type SwarmSite, until} from '../helpers/swarm.js'

let cluster: Cluster
let manager: ServerNode
let worker: ServerNode
let site: SwarmSite
const UP = 'env:up --service edge --service user --yes --json'

beforeAll(async () => {
  cluster = await Cluster.open(2)
  ;[manager, worker] = cluster.nodes as [ServerNode, ServerNode]
  site = await siteOn(manager, {GATEWAY_PORT: String(await freePort())})
  await manager.docker('swarm', 'init', '--advertise-addr', await manager.ip())
  const token = await manager.docker('swarm', 'join-token', '--quiet', 'worker')
  await worker.docker('swarm', 'join', '--token', token, `${await manager.ip()}:2377`)
})

afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

describe('a stack on two servers', () => {
  test('data stays on one node, and the gateway runs twice', async () => {
    const run = await site.run(UP)
    expectDone(run)
    expect((await rowOf('postgres')).tasks).toEqual([{node: 'node-1', state: 'running'}])
    expect((await rowOf('gateway')).tasks).toHaveLength(2)
  })

  test('a worker names what has to be done', async () => {
    const run = await site.run('env:up --yes --json', {env: {DOCKER_HOST: worker.address}})
    expect(run.exitCode).toBe(3)
    expect(errorOf(run).code).toBe('swarm-node')
  })

  test('an image that one node lacks stops an update', async () => {
    const image = 'aquastream-test/user:2'
    const container = await manager.docker('create', 'aquastream/backend-user:latest')
    await manager.docker('commit', '--change', 'ENV VERSION=2', container, image)
    const before = (await rowOf('user')).image
    const run = await site.run(UP, {env: {BACKEND_USER_IMAGE: image}})
    expect(run.exitCode).toBe(3)
    expect(errorOf(run).message).toBe(`node node-2 does not have image ${image}, and cannot pull it`)
    expect((await rowOf('user')).image).toBe(before)
  })

  test('volumes are not deleted from another server', async () => {
    // The worker becomes a manager for a moment, without any data.
    await manager.docker('node', 'promote', 'node-2')
    const isManager = async () => worker.docker('info', '--format', '{{.Swarm.ControlAvailable}}')
    await until('a second manager', async () => (await isManager()) === 'true')
    const run = await site.run('env:down --volumes --yes --json', {env: {DOCKER_HOST: worker.address}})
    expect(errorOf(run)).toMatchObject({
      code: 'swarm-node',
      message: `the volumes of ${site.project} are on node-1, not on this node`,
    })
    expect((await rowOf('postgres')).tasks).toEqual([{node: 'node-1', state: 'running'}])
    await manager.docker('node', 'demote', 'node-2')
    await until('a worker again', async () => (await isManager()) === 'false')
  })

  test('services of a frozen server run elsewhere, and logs still end', async () => {
    await docker('pause', worker.container)
    await until('every task on the other server', async () => {
      const {healthy, services} = await status()
      const tasks = services.flatMap(row => row.tasks ?? [])
      return isUp(services) && !healthy && tasks.every(({node}) => node === 'node-1')
    })
    expect((await site.run('logs user')).exitCode).toBe(0)
    await docker('unpause', worker.container)
  })

  test('the services survive the loss of a server', async () => {
    await docker('kill', worker.container)
    await until('every task on the other server', async () => {
      const {services} = await status()
      const tasks = services.flatMap(row => row.tasks ?? [])
      return isUp(services) && tasks.every(({node}) => node === 'node-1')
    })
    expect((await rowOf('postgres')).tasks).toEqual([{node: 'node-1', state: 'running'}])
  })
})

/** Only some services were started. */
function isUp(services: ServiceRow[]): boolean {
  const started = services.filter(({state}) => state !== 'missing')
  return started.length > 0 && started.every(({health}) => health === 'healthy')
}

async function status(): Promise<StatusReport> {
  return JSON.parse((await site.run('env:status --json')).stdout) as StatusReport
}

async function rowOf(service: string): Promise<ServiceRow> {
  return (await status()).services.find(row => row.service === service)!
}

function expectDone({exitCode, stdout, stderr}: Run): void {
  expect(exitCode, stderr + stdout).toBe(0)
}
