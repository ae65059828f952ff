import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import type {ListReport} from '../../src/backup/list.js'
import type {LogLine} from '../../src/engines/engine.js'
import type {StatusReport} from '../../src/env/status.js'
import type {UpReport} from '../../src/env/up.js'
import type {PullReport} from '../../src/offsite/pull.js'
import type {PushReport} from '../../src/offsite/push.js'
import {pipeTo, withTunnel} from '../../src/offsite/stores/tunnel.js'
import {servicesOf} from '../../src/stack/catalogue.js'
import {startProgram} from '../../src/system/program.js'
import {failure, report} from '../helpers/backups.js'
import {errorOf, expectDone} from '../helpers/cli.js'
import {freePort} from '../helpers/free-port.js'
import {Objects, type SeenObject} from '../helpers/objects.js'
import {replaceKey} from '../helpers/quick-repository.js'
import {flipBit, packsOf, PASSWORD} from '../helpers/restic.js'
import {docker, freePorts, SECRETS} from '../helpers/stack.js'
import {Cluster, type ServerNode, siteOn, type SwarmSite, until} from '../helpers/swarm.js'

let cluster: Cluster
let node: ServerNode
let site: SwarmSite
let port: string
const SERVICES = servicesOf('stage', 'swarm').map(({name}) => name)

beforeAll(async () => {
  cluster = await Cluster.open(1)
  node = cluster.nodes[0]!
  port = String(await freePort())
  site = await siteOn(node, {GATEWAY_PORT: port, YOOKASSA_SHOP_ID: 'shop-{{.Node.Hostname}}'})
})

afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

describe('a stack on one server', () => {
  test('a Swarm is created only after a confirmation', async () => {
    const run = await site.run('env:up --json')
    expect(run.exitCode).toBe(9)
    expect(errorOf(run).code).toBe('refused')
    expect(await node.docker('info', '--format', '{{.Swarm.LocalNodeState}}')).toBe('inactive')
  })

  test('another address than 0.0.0.0 is refused', async () => {
    const run = await site.run('env:up --yes --json', {env: {BIND: '127.0.0.1'}})
    expect(run.exitCode).toBe(2)
    expect(errorOf(run).message).toContain('BIND=127.0.0.1')
  })

  test('env:up starts every service and edge publishes the gateway', async () => {
    const run = await site.run('env:up --yes --json')
    expect(run.exitCode, run.stderr + run.stdout).toBe(0)
    const {engine, services} = JSON.parse(run.stdout) as UpReport
    expect(engine).toBe('swarm')
    expect(services.map(({service, health}) => `${service} ${health}`)).toEqual(
      SERVICES.map(name => `${name} healthy`),
    )
    const response = await fetch(`http://${await node.ip()}:${port}/api/v1/organizers`)
    expect(response.status).toBe(200)
  })

  test('an unchanged stack is left alone', async () => {
    const before = await node.docker('ps', '--quiet')
    const run = await site.run('env:up')
    expect(run.stdout).toContain('The stage stack was already up; nothing was changed.')
    expect(await node.docker('ps', '--quiet')).toBe(before)
  })

  test('env:status shows the containers and their nodes', async () => {
    const {healthy, services} = JSON.parse((await site.run('env:status --json')).stdout) as StatusReport
    expect(healthy).toBe(true)
    expect(services.find(({service}) => service === 'postgres')?.tasks).toEqual([
      {node: 'node-1', state: 'running'},
    ])
  })

  test('no secret is in a specification of Swarm', async () => {
    const ids = (await node.docker('service', 'ls', '--quiet')).split('\n')
    const configs = (await node.docker('config', 'ls', '--quiet')).split('\n')
    const stored = await node.read<{Spec: {Data: string}}[]>('config', 'inspect', ...configs)
    const contents = stored.map(({Spec: {Data: data}}) => Buffer.from(data, 'base64').toString())
    const text = (await node.docker('service', 'inspect', ...ids)) + contents.join('\n')
    expect(text).toContain('reverse_proxy')
    const shown = Object.entries(SECRETS).filter(([name]) => !/USERNAME|SHOP_ID|PUBLIC_ID/.test(name))
    expect(shown.filter(([, value]) => text.includes(value))).toEqual([])
  })

  test('values that look like templates are passed unchanged', async () => {
    const environment = await node.docker('exec', await node.containerOf(`${site.project}_payment`), 'env')
    expect(environment).toContain('YOOKASSA_SHOP_ID=shop-{{.Node.Hostname}}')
  })

  test.each(SERVICES)('the container of %s is confined', async service => {
    const [container] = await node.read<Inspected[]>(
      'inspect',
      await node.containerOf(`${site.project}_${service}`),
    )
    const {HostConfig: host, Config: config} = container!
    expect(host).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      Privileged: false,
      SecurityOpt: expect.arrayContaining(['no-new-privileges=true']) as unknown,
    })
    expect(host.CapAdd ?? []).toEqual(service === 'edge' ? ['CAP_NET_BIND_SERVICE'] : [])
    expect(host.Memory).toBeGreaterThan(0)
    expect(host.PidsLimit).toBeGreaterThan(0)
    expect(['', 'root', '0']).not.toContain(config.User)
  })

  test('a backend loads programs from /tmp', async () => {
    const container = await node.containerOf(`${site.project}_user`)
    const script = 'cp /usr/bin/env /tmp/program && /tmp/program echo works; rm -f /tmp/program'
    expect(await node.docker('exec', container, 'sh', '-c', script)).toBe('works')
  })

  test('a backend has a directory of its own in /tmp', async () => {
    const container = await node.containerOf(`${site.project}_user`)
    const script = 'ls -A /tmp/$HOSTNAME && tr "\\0" "\\n" </proc/1/environ'
    const text = await node.docker('exec', container, 'sh', '-c', script)
    expect(text).toContain('.lock')
    expect(text).toMatch(/^TMPDIR=\/tmp\/[\da-f]{12}$/m)
    expect(text).toMatch(/-Djava\.io\.tmpdir=\/tmp\/[\da-f]{12} -XX:-UsePerfData$/m)
  })

  test('clients behind edge have limits of their own', async () => {
    const address = `http://${await node.ip()}:${port}/api/v1/organizers`
    // Edge replaces the header, so a client cannot escape its limit.
    const forged = await Promise.all(
      Array.from({length: 61}, (_, index) =>
        fetch(address, {headers: {'x-forwarded-for': `192.0.2.${index}`}}).then(({status}) => status),
      ),
    )
    expect(forged.filter(status => status === 429).length).toBeGreaterThan(0)
    // The server itself is another client.
    const request = "printf 'GET /api/v1/organizers HTTP/1.0\\r\\nHost: edge\\r\\n\\r\\n'"
    const script = `exec 3<>/dev/tcp/${await node.ip()}/${port} && ${request} >&3 && head -n 1 <&3`
    expect(await docker('exec', node.container, 'bash', '-c', script)).toContain(' 200')
  })

  test('only the port of edge can be reached', async () => {
    const ports = servicesOf('stage').flatMap(({ports: own}) => own.map(({container}) => container))
    const open = []
    for (const candidate of [...ports, Number(port)]) {
      const {exitCode} = await execa('bash', ['-c', `exec 3<>/dev/tcp/${await node.ip()}/${candidate}`], {
        reject: false,
        timeout: 3000,
      })
      if (exitCode === 0) open.push(candidate)
    }
    expect(open).toEqual([Number(port)])
  })

  test('logs of all services are in order of time', async () => {
    const {stdout} = await site.run('logs --json')
    const lines = stdout.split('\n').map(line => JSON.parse(line) as LogLine)
    // The lines of one record stay together, whatever others write in between: only records in JSON always have one line.
    const times = lines.filter(({text}) => text.startsWith('{')).map(({time}) => time)
    expect(times.length).toBeGreaterThan(20)
    expect(times).toEqual([...times].sort())
  })

  test('a schema comes back from a backup', async () => {
    await sql('CREATE TABLE "user".numbers AS SELECT generate_series(1, 100) AS n')
    expectDone(await site.run('db:backup'))
    await sql('DELETE FROM "user".numbers')
    expectDone(await site.run('db:restore --schema user --from latest --yes'))
    expect(await sql('SELECT count(*) FROM "user".numbers')).toBe('100')
  })

  describe('media and Redis', () => {
    const pull = ['offsite:pull', '--yes', '--media', '--redis']
    let repository: string
    let pushed: Map<string, SeenObject>

    beforeAll(async () => {
      repository = join(site.directory, 'offsite')
      // What is in a volume is saved and restored by the image of restic.
      await node.load(['restic/restic:latest'])
      await onMinio(objects => objects.fill(20))
      await redis('SET kept 1', 'HSET boat name Aurora', 'SET brief 1 EX 3600')
    })
    beforeEach(() => {
      Object.assign(site.env, {OFFSITE_REPOSITORY: repository, OFFSITE_PASSWORD: PASSWORD})
    })

    test('are pushed, and not replaced while they are used', async () => {
      await report(site, ['offsite:init'])
      await replaceKey(repository, PASSWORD)
      pushed = await onMinio(objects => objects.read())
      const {stores} = await report<PushReport>(site, ['offsite:push'])
      expect(stores.map(({store}) => store)).toEqual(['media', 'redis'])
      await onMinio(objects => objects.put('later.bin', Buffer.from('later')))
      await redis('SET kept 2', 'DEL boat')
      expect(await failure(site, ...pull)).toMatchObject({
        code: 'refused',
        message: `minio and redis of ${site.project} must be stopped first`,
      })
    })

    test('are not pushed after an interrupted restore', async () => {
      const onBoth = async (...command: string[]): Promise<void> => {
        for (const service of ['minio', 'redis'])
          await node.docker('exec', await node.containerOf(`${site.project}_${service}`), ...command)
      }
      await onBoth('mkdir', '-m', '700', '/data/.aquastream-old')
      expect(await failure(site, 'offsite:push')).toMatchObject({
        code: 'offsite-failed',
        exitCode: 11,
        message:
          'the data of minio and redis was not copied: it is incomplete, because a restore was interrupted',
      })
      await onBoth('rmdir', '/data/.aquastream-old')
    })

    test('are not changed by a damaged repository', async () => {
      expectDone(await site.run('env:stop minio redis'))
      site.env.OFFSITE_REPOSITORY = `${repository}.damaged`
      await execa('cp', ['-a', repository, site.env.OFFSITE_REPOSITORY])
      for (const path of await packsOf(site.env.OFFSITE_REPOSITORY)) await flipBit(path)
      const before = await contents()
      for (const store of ['--media', '--redis'])
        expect(await failure(site, 'offsite:pull', '--yes', store)).toMatchObject({exitCode: 7})
      expect(await contents()).toBe(before)
    })

    test('come back with every object and every key', async () => {
      const {restored} = await report<PullReport>(site, pull)
      expect(restored).toMatchObject([
        {store: 'media', objects: pushed.size},
        {store: 'redis', keys: 2},
      ])
      expect(await onMinio(objects => objects.read())).toEqual(pushed)
      expect(await redis('GET kept', 'HGET boat name', 'EXISTS brief')).toBe('1\nAurora\n1')
      expect((await site.run('env:status')).exitCode).toBe(0)
      expect(await node.docker('ps', '-aq', '--filter', 'label=aquastream.owner')).toBe('')
    })

    /** MinIO publishes no port. */
    async function onMinio<T>(work: (objects: Objects) => Promise<T>): Promise<T> {
      const container = await node.containerOf(`${site.project}_minio`)
      const args = ['--host', node.address, 'exec', '--interactive', container, ...pipeTo(9000)]
      const connect = () => startProgram(execa('docker', args, {reject: false, buffer: {stdout: false}}))
      return withTunnel(connect, address =>
        work(new Objects(`http://${address}/aquastream-media`, SECRETS.S3_SECRET_KEY)),
      )
    }

    async function redis(...commands: string[]): Promise<string> {
      const login = ['--env', `REDISCLI_AUTH=${SECRETS.REDIS_PASSWORD}`]
      const container = await node.containerOf(`${site.project}_redis`)
      const script = commands.map(command => `redis-cli ${command}`).join(' && ')
      return node.docker('exec', ...login, container, 'sh', '-c', script)
    }

    /** The names and the checksums of all files in the volumes. */
    async function contents(): Promise<string> {
      const volumes = ['minio', 'redis'].flatMap(name => [
        '-v',
        `${site.project}_${name}data:/data/${name}:ro`,
      ])
      const script =
        'cd /data; find . | sort; find . -type f | sort | while read -r file; do cksum "$file"; done'
      return node.docker('run', '--rm', ...volumes, '--entrypoint', 'sh', 'redis:7-alpine', '-c', script)
    }
  })

  test('a restart replaces a container without a gap', async () => {
    const before = await node.containerOf(`${site.project}_user`)
    expectDone(await site.run('env:restart user'))
    await until('another container alone', async () => {
      const after = await node.containerOf(`${site.project}_user`)
      return after.length === before.length && after !== before
    })
  })

  test('env:stop stops a service and env:up starts it', async () => {
    expectDone(await site.run('env:stop crew'))
    expect(await node.containerOf(`${site.project}_crew`)).toBe('')
    expect((await site.run('env:status')).exitCode).toBe(4)
    expectDone(await site.run('env:up'))
    expect((await site.run('env:status')).exitCode).toBe(0)
  })

  test('a backup precedes the update of a schema owner', async () => {
    const labels = await beginUpdate('2', '')
    expect(labels[0]).toBe('before-2')
    expect(await beginUpdate('3', '--no-backup')).toEqual(labels)
  })

  test('a stack moves to compose and back with its rows and objects', async () => {
    await mc(
      await node.containerOf(`${site.project}_minio`),
      'echo "a sail" | mc pipe store/aquastream-media/sail.txt',
    )
    expectDone(await site.run('env:down'))
    // Compose looks for these ports on this machine, where other tests run.
    const onCompose = {...(await freePorts()), AQUASTREAM_ENGINE: 'compose'}
    expectDone(await site.run('env:up --service user --service media', {env: onCompose}))
    const refused = await site.run('env:up --json')
    expect(errorOf(refused).code).toBe('refused')
    const project = `label=com.docker.compose.project=${site.project}`
    const containerOf = async (service: string): Promise<string> => {
      const label = `label=com.docker.compose.service=${service}`
      return node.docker('ps', '--quiet', '--filter', project, '--filter', label)
    }
    const count = psql('SELECT count(*) FROM "user".numbers')
    expect(await node.docker('exec', await containerOf('postgres'), ...count)).toBe('100')
    expect(await mc(await containerOf('minio'), 'mc cat store/aquastream-media/sail.txt')).toBe('a sail')
    expectDone(await site.run('env:down'))
    expectDone(await site.run('env:up --service user --service media'))
    expect(await sql('SELECT count(*) FROM "user".numbers')).toBe('100')
    const minio = await node.containerOf(`${site.project}_minio`)
    expect(await mc(minio, 'mc cat store/aquastream-media/sail.txt')).toBe('a sail')
  })

  test('a foreign stack of the same name is refused', async () => {
    const label = `com.docker.stack.namespace=${site.project}`
    const web = ['service', 'create', '--detach', '--label', label, '--name', `${site.project}_web`]
    await node.docker(...web, 'caddy:2-alpine')
    const run = await site.run('env:up --json')
    expect(run.exitCode).toBe(2)
    expect(errorOf(run)).toMatchObject({code: 'project-in-use'})
    expectDone(await site.run('env:down'))
    expect(await node.docker('service', 'ls', '--format', '{{.Name}}')).toBe(`${site.project}_web`)
    await node.docker('service', 'rm', `${site.project}_web`)
    expectDone(await site.run('env:up --service user'))
  })

  test('a gateway that keeps the addresses of its backends is named after an update', async () => {
    const module = `data:text/javascript;base64,${Buffer.from(KEEPS_ADDRESSES).toString('base64')}`
    const BACKEND_GATEWAY_IMAGE = await backendImage('gateway', 'keeps', `NODE_OPTIONS=--import=${module}`)
    const up = (env: Record<string, string>) =>
      site.run('env:up --service edge --service user --no-backup', {env: {BACKEND_GATEWAY_IMAGE, ...env}})
    expectDone(await up({}))
    const run = await up({BACKEND_USER_IMAGE: await backendImage('user', '4', 'VERSION=4')})
    expectDone(run)
    expect(run.stderr).toContain('the gateway has not reached user since the update, although it is healthy')
  })

  test('a backend that keeps failing is named by each start, and can be stopped', async () => {
    const up = () =>
      site.run('env:up --service crew --yes --no-backup --timeout 120 --json', {
        env: {BACKEND_CREW_IMAGE: 'aquastream-testbed/dies:latest'},
      })
    expect(errorOf(await up()).code).toBe('service-failed')
    // Swarm keeps five failures, so that their number does not grow any more.
    await until('five failures', async () => {
      const {services} = JSON.parse((await site.run('env:status --json')).stdout) as StatusReport
      return services.find(({service}) => service === 'crew')!.restarts >= 5
    })
    expect(errorOf(await up())).toMatchObject({
      code: 'service-failed',
      message: 'crew cannot start: it exited with status 1',
    })
    const stop = await site.run('env:stop crew --json')
    expect(JSON.parse(stop.stdout)).toMatchObject({stopped: ['crew'], unchanged: []})
  })

  test('env:down removes the stack and keeps its data', async () => {
    expectDone(await site.run('env:down'))
    expect(await node.docker('service', 'ls', '--quiet')).toBe('')
    expect(await node.docker('volume', 'ls', '--quiet', '--filter', 'label=aquastream.kind=memory')).toBe('')
    expect((await node.docker('volume', 'ls', '--quiet')).split('\n')).toContain(`${site.project}_pgdata`)
    expectDone(await site.run('env:down --volumes --yes'))
    expect(await node.docker('volume', 'ls', '--quiet')).not.toContain('pgdata')
  })
})

/** Makes an image of a backend in which one more variable is set, and returns its name. */
async function backendImage(service: string, version: string, variable: string): Promise<string> {
  const image = `aquastream-test/${service}:${version}`
  const container = await node.docker('create', `aquastream/backend-${service}:latest`)
  await node.docker('commit', '--change', `ENV ${variable}`, container, image)
  await node.docker('rm', container)
  return image
}

/** A module that makes Node.js keep each address that it has resolved, as a JVM and Netty can. */
const KEEPS_ADDRESSES = `
  import dns from 'node:dns'
  import {syncBuiltinESMExports} from 'node:module'
  const {lookup} = dns
  const kept = new Map()
  dns.lookup = (host, options, callback) => {
    if (kept.has(host)) return callback(...kept.get(host))
    lookup(host, options, (error, ...found) => {
      if (!error) kept.set(host, [error, ...found])
      callback(error, ...found)
    })
  }
  syncBuiltinESMExports()`

/** Begins the update of a backend to a version, and returns the labels of all backups, newest first. */
async function beginUpdate(version: string, flags: string): Promise<(string | undefined)[]> {
  const image = await backendImage('user', version, `VERSION=${version}`)
  const update = site.start(`env:up ${flags}`, {env: {BACKEND_USER_IMAGE: image}})
  const format = '{{index .Spec.Labels "aquastream.image"}}'
  const wanted = ['service', 'inspect', '--format', format, `${site.project}_user`]
  await until('the update', async () => (await node.docker(...wanted)) === image)
  update.kill('SIGINT')
  expect((await update.ended).exitCode).toBe(130)
  const {sets} = JSON.parse((await site.run('db:list --json')).stdout) as ListReport
  return sets.map(({label}) => label)
}

interface Inspected {
  Config: {User: string}
  HostConfig: {CapAdd: string[] | null; Memory: number; PidsLimit: number | null}
}

function psql(statement: string): string[] {
  return ['psql', '-XAtqU', 'aquastream', '-c', statement]
}

/** Runs a script with mc in a container of MinIO. */
async function mc(container: string, script: string): Promise<string> {
  const store = `MC_HOST_store=http://aquastream:${SECRETS.S3_SECRET_KEY}@localhost:9000`
  return node.docker('exec', '--env', store, '--env', 'MC_CONFIG_DIR=/tmp/.mc', container, 'sh', '-c', script)
}

async function sql(statement: string): Promise<string> {
  return node.docker('exec', await node.containerOf(`${site.project}_postgres`), ...psql(statement))
}
