import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import type {StatusReport} from '../../src/env/status.js'
import type {ServiceRow} from '../../src/env/service-rows.js'
import {errorOf, expectDone} from '../helpers/cli.js'
import {docker, freePorts} from '../helpers/stack.js'
import {GatewayUpdates} from '../helpers/gateway-updates.js'
import {Cluster, type ServerNode, type SwarmSite, until} from '../helpers/swarm.js'

let cluster: Cluster
let manager: ServerNode
let worker: ServerNode
let gateway: GatewayUpdates
let site: SwarmSite
const UP = 'env:up --service edge --service user --yes --json'

beforeAll(async () => {
  cluster = await Cluster.open(2)
  ;[manager, worker] = cluster.nodes as [ServerNode, ServerNode]
  gateway = await GatewayUpdates.open(cluster.nodes)
  site = gateway.site
  await manager.docker('swarm', 'init', '--advertise-addr', await manager.ip())
  await joinSwarm(worker)
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

describe('a stack on several servers', () => {
  test('Compose does not start a stack whose data is on another server', async () => {
    const record = `${site.project}_data-node`
    const file = join(manager.shared, 'record.json')
    await writeFile(file, JSON.stringify({node: 'other', name: 'node-9'}))
    await manager.docker('config', 'create', '--label', `aquastream.project=${site.project}`, record, file)
    const run = await site.run('env:up --engine compose --json', {env: await freePorts()})
    await manager.docker('config', 'rm', record)
    expect(errorOf(run)).toMatchObject({
      code: 'refused',
      message: `the data of ${site.project} is on node-9; Compose would start it on this node, with empty databases`,
    })
    expect(await manager.docker('volume', 'ls', '--quiet')).not.toContain('pgdata')
  })

  test('data stays on one node, and the gateway runs twice', async () => {
    const run = await site.run(UP)
    expectDone(run)
    expect((await rowOf('postgres')).tasks).toEqual([{node: 'node-1', state: 'running'}])
    expect((await rowOf('gateway')).tasks).toHaveLength(2)
  })

  test('env:doctor finds nothing wrong with the servers', async () => {
    expect(await doctorOn('nodes')).toMatchObject([{verdict: 'ok'}])
  })

  test('env:doctor names servers that do not reach each other', async () => {
    const rule = ['INPUT', '--protocol', 'udp', '--dport', '4789', '--jump', 'DROP']
    await docker('exec', worker.container, 'iptables', '--insert', ...rule)
    const found = await doctorOn('nodes')
    await docker('exec', worker.container, 'iptables', '--delete', ...rule)
    expect(found).toMatchObject([
      {verdict: 'warning', message: 'containers on node-1 do not reach those on node-2'},
      {verdict: 'warning', message: 'containers on node-2 do not reach those on node-1'},
    ])
    expect(found[0]!.hint).toContain('4789/udp')
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
    // Nothing has touched the data, so there is nothing to restore.
    expect(errorOf(run).hint).not.toContain('db:restore')
    expect((await rowOf('user')).image).toBe(before)
  })

  test('volumes are not changed from another server', async () => {
    // The worker becomes a manager for a moment, without any data.
    await manager.docker('node', 'promote', 'node-2')
    const isManager = async () => worker.docker('info', '--format', '{{.Swarm.ControlAvailable}}')
    await until('a second manager', async () => (await isManager()) === 'true')
    for (const command of ['env:down --volumes --yes --json', 'offsite:pull --media --redis --yes --json']) {
      const run = await site.run(command, {env: {DOCKER_HOST: worker.address}})
      expect(errorOf(run)).toMatchObject({
        code: 'swarm-node',
        message: `the volumes of ${site.project} are on node-1, not on this node`,
      })
    }
    expect((await rowOf('postgres')).tasks).toEqual([{node: 'node-1', state: 'running'}])
    await manager.docker('node', 'demote', 'node-2')
    await until('a worker again', async () => (await isManager()) === 'false')
  })

  test('a third server joins, and an update fails no request', async () => {
    await joinSwarm(await cluster.add('node-3'))
    const image = await gateway.image('1')
    const {run, load} = await gateway.underLoad('three servers', () => gateway.upTo(image))
    expectDone(run)
    expect(load.failed).toEqual([])
    expect(await gateway.imageOf('gateway')).toBe(image)
  })

  test('an engine that is started again brings everything back, and no confirmed row is lost', async () => {
    await sql('CREATE TABLE "user".numbers (n int)')
    const confirmed: number[] = []
    const stop = new AbortController()
    const writer = (async () => {
      for (let n = 0; !stop.signal.aborted; n++) {
        // A lost connection does not say whether the row is there, so only a success counts.
        const added = await sql(`INSERT INTO "user".numbers VALUES (${n})`).catch(() => undefined)
        if (added === '') confirmed.push(n)
      }
    })()
    await until('some rows', async () => Promise.resolve(confirmed.length > 10))
    await docker('kill', manager.container)
    await docker('start', manager.container)
    await manager.untilReady()
    const before = confirmed.length
    await until('a healthy stack', async () => isUp((await status()).services))
    await until('more rows', async () => Promise.resolve(confirmed.length > before + 10))
    stop.abort()
    await writer
    const found = (await sql('SELECT DISTINCT n FROM "user".numbers')).split('\n').map(Number)
    expect(confirmed.filter(n => !found.includes(n))).toEqual([])
  })

  test('services of a server that is frozen for two minutes run elsewhere, and only there', async () => {
    const frozen = await worker.docker('ps', '--quiet', '--no-trunc')
    await docker('pause', worker.container)
    const twoMinutes = sleep(120_000)
    await until('every task on the other servers', async () => {
      const {services} = await status()
      const tasks = services.flatMap(row => row.tasks ?? [])
      return isUp(services) && tasks.every(({node}) => node !== 'node-2')
    })
    expect((await site.run('logs user')).exitCode).toBe(0)
    await twoMinutes
    await docker('unpause', worker.container)
    // Its containers know nothing of the pause: Swarm has to remove them.
    await until('no container of the time before', async () => {
      const left = await worker.docker('ps', '--quiet', '--no-trunc')
      return frozen.split('\n').every(id => !left.includes(id))
    })
    expect(isUp((await status()).services)).toBe(true)
    expect((await rowOf('postgres')).tasks).toEqual([{node: 'node-1', state: 'running'}])
  })

  test('the services survive the loss of a server', async () => {
    await docker('kill', worker.container)
    await until('every task on the other servers', async () => {
      const {services} = await status()
      const tasks = services.flatMap(row => row.tasks ?? [])
      return isUp(services) && tasks.every(({node}) => node !== 'node-2')
    })
    expect((await rowOf('postgres')).tasks).toEqual([{node: 'node-1', state: 'running'}])
  })
})

/** Only some services were started. */
function isUp(services: ServiceRow[]): boolean {
  const started = services.filter(({state}) => state !== 'missing')
  return started.length > 0 && started.every(({health}) => health === 'healthy')
}

/** The findings of one check. */
async function doctorOn(name: string): Promise<DoctorReport['checks']> {
  const {checks} = JSON.parse((await site.run('env:doctor --json')).stdout) as DoctorReport
  return checks.filter(({check}) => check === name)
}

async function status(): Promise<StatusReport> {
  return JSON.parse((await site.run('env:status --json')).stdout) as StatusReport
}

async function rowOf(service: string): Promise<ServiceRow> {
  return (await status()).services.find(row => row.service === service)!
}

/** A server becomes a worker of the Swarm. */
async function joinSwarm(server: ServerNode): Promise<void> {
  const token = await manager.docker('swarm', 'join-token', '--quiet', 'worker')
  await server.docker('swarm', 'join', '--token', token, `${await manager.ip()}:2377`)
}

async function sql(statement: string): Promise<string> {
  const postgres = await manager.containerOf(`${site.project}_postgres`)
  return manager.docker('exec', postgres, 'psql', '-XAtqU', 'aquastream', '-c', statement)
}
