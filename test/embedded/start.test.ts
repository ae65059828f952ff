import {mkdir, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {connect, createServer} from 'node:net'
import {once} from 'node:events'
import {expect, test} from 'vitest'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import type {UpReport} from '../../src/env/up.js'
import {servicesOf} from '../../src/stack/catalogue.js'
import {NOBODY, whyNotAs} from '../commands/site.js'
import {errorOf} from '../helpers/cli.js'
import {EmbeddedSite} from '../helpers/embedded.js'

const BACKENDS = servicesOf('dev').filter(({kind}) => kind === 'backend')

test('without Docker, dev starts completely and explains why', async () => {
  await using site = await EmbeddedSite.open()
  const run = await site.run('env:up')
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stderr).toContain(
    'note: Docker is not available (cannot connect to Docker Engine at /nonexistent/none.sock). Using the embedded engine, which keeps its own data.',
  )
  const {services, healthy, engine} = await site.status()
  expect({healthy, engine}).toEqual({healthy: true, engine: 'embedded'})
  expect(services.map(({service, state}) => `${service} ${state}`)).toEqual(
    servicesOf('dev').map(({name}) => `${name} ${['redis', 'minio'].includes(name) ? 'skipped' : 'running'}`),
  )
  expect(services.filter(({stub}) => stub).map(({service}) => service)).toEqual(
    BACKENDS.map(({name}) => name),
  )
  const health = await fetch(`http://127.0.0.1:${site.env.GATEWAY_PORT}/actuator/health`)
  expect(health.status).toBe(200)
})

test('a stack is not reachable at other addresses', async () => {
  await using site = await EmbeddedSite.open()
  await site.up()
  for (const {name, ports} of servicesOf('dev').filter(({name}) => !['redis', 'minio'].includes(name))) {
    // Linux accepts every address of 127.0.0.0/8 as its own.
    const socket = connect(Number(site.env[ports[0].variable]), '127.0.0.2')
    await expect(once(socket, 'connect'), name).rejects.toMatchObject({code: 'ECONNREFUSED'})
  }
})

test('dev also starts without a docker command', async () => {
  await using site = await EmbeddedSite.open()
  const bin = join(site.directory, 'bin')
  await mkdir(bin)
  await symlink(process.execPath, join(bin, 'node'))
  const run = await site.run('env:up --service postgres', {env: {PATH: bin}})
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stderr).toContain('(the docker command was not found on this machine)')
})

test('a missing program is skipped with a hint', async () => {
  await using site = await EmbeddedSite.open()
  const {stdout} = await site.run('env:up --service gateway')
  expect(stdout).toMatch(/^redis +skipped +skipped +- +-$/m)
  expect(stdout).toContain(
    'redis is skipped: redis-server not found on PATH; to install it: apt install redis-server',
  )
})

test('a second start changes nothing and says so', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('gateway')
  const before = await site.pidOf('gateway')
  expect((await site.run('env:up --service gateway')).stdout).toContain(
    'gateway of the dev stack was already up; nothing was changed.',
  )
  expect(await site.pidOf('gateway')).toBe(before)
})

test('a start from another shell or directory changes nothing', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('mocks')
  const before = await site.pidOf('mocks')
  // npx prepends node_modules/.bin of the current directory.
  const PATH = [join(site.directory, 'node_modules', '.bin'), site.env.PATH].join(delimiter)
  const run = await site.run('env:up --service mocks', {env: {PATH, LD_LIBRARY_PATH: site.directory}})
  expect(run.stdout).toContain('nothing was changed.')
  expect(await site.pidOf('mocks')).toBe(before)
})

test('the report shows where the passwords are stored', async () => {
  await using site = await EmbeddedSite.open()
  const generated = join(site.env.XDG_STATE_HOME!, 'aquastream', 'dev.env')
  const first = await site.run('env:up --service postgres')
  expect(first.stdout).toContain(`\nThe passwords are in ${generated}.\n`)
  await writeFile(join(site.directory, '.env.dev'), 'POSTGRES_PASSWORD=of-my-own-choice\n')
  const second = await site.run('env:up --service postgres')
  expect(second.stdout).toContain('\nThe passwords are in .env.dev.\n')
  expect(second.stdout).not.toContain(generated)
})

test('env:doctor finds no problem after a start', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('gateway', 'postgres')
  const {checks} = JSON.parse((await site.run('env:doctor --json')).stdout) as DoctorReport
  expect(checks.filter(({verdict}) => verdict !== 'ok' && verdict !== 'skipped')).toEqual([])
})

test('a changed setting restarts only the affected services', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('gateway', 'postgres')
  const [gateway, postgres] = await Promise.all([site.pidOf('gateway'), site.pidOf('postgres')])
  const run = await site.run('env:up --service gateway --service postgres', {
    env: {JWT_SECRET: 'another-one'},
  })
  expect(run.stderr).toContain('gateway will be recreated: its settings have changed')
  expect(await site.pidOf('gateway')).not.toBe(gateway)
  expect(await site.pidOf('postgres')).toBe(postgres)
})

test('PostgreSQL can enter a newly created state directory', async () => {
  await using site = await EmbeddedSite.open()
  const env = {XDG_STATE_HOME: join(site.directory, 'new', 'state')}
  const run = await site.run('env:up --service postgres', {env})
  expect(run.exitCode, run.stderr).toBe(0)
  expect((await site.run('env:down', {env})).exitCode).toBe(0)
})

test('two concurrent starts of a stack both succeed', async () => {
  await using site = await EmbeddedSite.open()
  const runs = await Promise.all([1, 2].map(() => site.run('env:up --service postgres')))
  for (const {exitCode, stderr} of runs) expect(exitCode, stderr).toBe(0)
  const postmasters = (await site.processes()).filter(({command}) => /^\S+\/postgres -D/.test(command))
  expect(postmasters).toHaveLength(1)
})

test('a service that has been killed is restarted', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('gateway')
  const before = await site.pidOf('gateway')
  process.kill(before, 'SIGKILL')
  await expect
    .poll(async () => (await site.status()).services.find(({service}) => service === 'gateway'), {
      timeout: 30_000,
    })
    .toMatchObject({
      restarts: 1,
      health: 'healthy',
    })
  expect(await site.pidOf('gateway')).not.toBe(before)
})

test('a service that cannot start is reported with its output', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  await site.run('env:down')
  await rm(join(site.home, 'postgres', 'global', 'pg_control'))
  const run = await site.run('env:up --service postgres --timeout 60 --json')
  expect(run.exitCode).toBe(4)
  expect(errorOf(run).message).toMatch(
    /^postgres cannot start: it exits again after each restart, the last time with status \d/,
  )
  expect(run.stdout).toContain('pg_control')
})

test('an address of another machine is rejected before any change', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  const before = await site.pidOf('postgres')
  // An address that RFC 5737 reserves for documentation.
  const run = await site.run('env:up --service postgres --json', {env: {BIND: '192.0.2.1'}})
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'port-unusable',
    message: 'BIND=192.0.2.1 is not an address of this machine',
  })
  expect(await site.pidOf('postgres')).toBe(before)
})

test.for([0, NOBODY])('user %i gets an error for a privileged port', async (user, {skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  const first = Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  skip(first < 2, 'this machine has no privileged ports')
  await using site = await EmbeddedSite.open()
  await site.allow(user)
  const port = String(first - 1)
  const words = 'env:up --service postgres --json'
  const run = await site.run(words, {user, env: {POSTGRES_PORT: port}})
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'port-unusable',
    message: `port ${port} of postgres is reserved for root, and postgres does not run as root`,
    hint: `set a port from ${first} upwards for postgres: POSTGRES_PORT=${first + 7999}`,
  })
})

test('services can exchange their ports only after a stop', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('gateway', 'mocks')
  const {GATEWAY_PORT, MOCKS_PORT} = site.env as Record<'GATEWAY_PORT' | 'MOCKS_PORT', string>
  const env = {GATEWAY_PORT: MOCKS_PORT, MOCKS_PORT: GATEWAY_PORT}
  const words = 'env:up --service gateway --service mocks --json'
  expect(errorOf(await site.run(words, {env}))).toMatchObject({
    exitCode: 3,
    problems: [
      {message: `port ${MOCKS_PORT} of gateway is already in use by mocks of the running stack`},
      {message: `port ${GATEWAY_PORT} of mocks is already in use by gateway of the running stack`},
    ],
  })
  await site.run('env:down')
  expect((await site.run(words, {env})).exitCode).toBe(0)
})

test('a port in use is reported before the start', async () => {
  await using site = await EmbeddedSite.open()
  const server = createServer().listen(Number(site.env.POSTGRES_PORT), '127.0.0.1')
  await once(server, 'listening')
  const run = await site.run('env:up --json')
  server.close()
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'port-taken',
    message: expect.stringMatching(`^port ${site.env.POSTGRES_PORT} of postgres is already in use`),
  })
  expect(await site.remains(0)).toEqual([])
})

test.each([
  ['--profile stage --engine embedded', 9, 'the embedded engine supports only dev, not stage'],
  ['--real user', 2, '--real user is not possible: the embedded engine runs every backend as a stub'],
])('env:up %s is rejected with the reason', async (words, exitCode, message) => {
  await using site = await EmbeddedSite.open()
  const run = await site.run(`env:up ${words} --json`)
  expect(run.exitCode).toBe(exitCode)
  expect(errorOf(run).message).toBe(message)
})

test('stage without Docker reports the error of Docker', async () => {
  await using site = await EmbeddedSite.open()
  const run = await site.run('env:status --profile stage --json')
  expect(errorOf(run)).toMatchObject({
    code: 'engine-missing',
    message: 'cannot connect to Docker Engine at /nonexistent/none.sock',
  })
})

test('a stack on the embedded engine rejects --engine compose', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  const run = await site.run('env:up --engine compose --json')
  expect(run.exitCode).toBe(9)
  expect(errorOf(run)).toMatchObject({
    message: `${site.env.AQUASTREAM_PROJECT} is running on the embedded engine`,
    hint: 'stop it first: aquastream env:down --profile dev',
  })
})

test.skipIf(process.getuid?.() !== 0)('neither the server nor its data belongs to root', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  expect(await site.sql('SHOW listen_addresses')).toBe('127.0.0.1')
  const {uid} = await import('node:fs/promises').then(({stat}) => stat(join(site.home, 'postgres')))
  expect(uid).not.toBe(0)
})

test('the report of a start contains the engine', async () => {
  await using site = await EmbeddedSite.open()
  const report: UpReport = await site.up('postgres')
  expect(report).toMatchObject({engine: 'embedded', profile: 'dev', changed: true})
  expect(report.services[0]).toMatchObject({
    service: 'postgres',
    health: 'healthy',
    url: `127.0.0.1:${site.env.POSTGRES_PORT}`,
  })
  expect(report.services[0]?.image).toMatch(/^postgres \d+\.\d+$/)
})
