import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {randomUUID} from 'node:crypto'
import {chmod, mkdir, readdir, readFile, utimes, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {ProcessRecord} from '../../src/engines/embedded/stack-directory/records.js'
import {errorOf} from '../helpers/cli.js'
import {killNow} from '../helpers/crash-site.js'
import {EmbeddedSite, killSupervision, until} from '../helpers/embedded.js'
import {canMount, mountSmallDisk} from '../helpers/small-disk.js'

test('services of a killed supervisor end by themselves', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('user')
  killNow(await site.pidOf('supervisor'))
  expect(await site.remains()).toEqual([])
  // The shutdown was clean: the server removes this file last.
  expect(await readdir(join(site.home, 'postgres'))).not.toContain('postmaster.pid')
  await site.up('user')
  expect((await site.status()).services.find(({service}) => service === 'user')?.health).toBe('healthy')
})

test.each(['env:up --service postgres', 'env:down'])(
  '%s repairs a stack without supervisor and watchdogs',
  async words => {
    await using site = await EmbeddedSite.open()
    await site.up('user')
    await site.sql('CREATE TABLE event.kept AS SELECT 42 AS answer')
    const orphan = await site.pidOf('user')
    expect(await killSupervision(site)).toBeGreaterThan(1)
    expect((await site.status()).services.find(({service}) => service === 'user')).toMatchObject({
      health: 'unhealthy',
      note: 'its supervisor is not running',
    })
    const run = await site.run(words)
    expect(run.exitCode, run.stderr).toBe(0)
    expect((await site.processes()).map(({pid}) => pid)).not.toContain(orphan)
    if (words === 'env:down') expect(await site.remains(0)).toEqual([])
    else expect(await site.sql('SELECT answer FROM event.kept')).toBe('42')
  },
)

test('env:down ends a supervisor that does not respond', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  process.kill(await site.pidOf('supervisor'), 'SIGSTOP')
  const run = await site.run('env:down')
  expect(run.exitCode, run.stderr).toBe(0)
  expect(await site.remains(0)).toEqual([])
})

test.each([
  // With the boot ID of another kernel.
  [
    'on otherhost',
    (record: ProcessRecord) => ({...record, started: record.started!.replace(/^\S+/, randomUUID())}),
  ],
  ['in another PID namespace', (record: ProcessRecord) => ({...record, pidNamespace: 'pid:[1]'})],
])('a stack that runs %s is not touched', async (where, change) => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  await site.sql('CREATE TABLE event.kept AS SELECT 42 AS answer')
  const record = join(site.home, 'run', 'supervisor.json')
  const text = await readFile(record, 'utf8')
  await site.run('env:down')
  const foreign = change(JSON.parse(text) as ProcessRecord)
  await writeFile(record, JSON.stringify({...foreign, host: 'otherhost'}))
  // The clock of that machine is an hour behind.
  const beat = setInterval(() => {
    const time = new Date(Date.now() - 3_600_000)
    void utimes(record, time, time)
  }, 500)
  for (const words of ['env:up --service postgres', 'env:down', 'env:down --volumes --yes']) {
    const run = await site.run(`${words} --json`)
    expect(run.exitCode).toBe(8)
    expect(errorOf(run).message).toBe(`the stack in ${site.home} runs ${where}`)
  }
  clearInterval(beat)
  await site.up('postgres')
  expect(await site.sql('SELECT answer FROM event.kept')).toBe('42')
})

test('other processes with reused pids are not ended', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  for (const {pid} of await site.processes()) killNow(pid)
  expect(await site.remains()).toEqual([])
  // As after a reboot, an unrelated process has the recorded pid.
  const other = spawn('sleep', ['300'])
  const {pid} = other
  for (const name of await readdir(join(site.home, 'run'))) {
    const path = join(site.home, 'run', name)
    const record = JSON.parse(await readFile(path, 'utf8')) as object
    await writeFile(path, JSON.stringify({...record, pid}))
  }
  const pidFile = join(site.home, 'postgres', 'postmaster.pid')
  await writeFile(pidFile, (await readFile(pidFile, 'utf8')).replace(/^\d+/, String(pid)))
  await site.up('postgres')
  await site.run('env:down')
  expect(other).toMatchObject({exitCode: null, signalCode: null})
  other.kill()
  await once(other, 'exit')
  expect(other.signalCode).toBe('SIGTERM')
})

test('committed data survives when PostgreSQL is killed', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  await site.sql('CREATE TABLE event.kept AS SELECT n FROM generate_series(1, 1000) n')
  killNow(await site.pidOf('postgres'))
  await until(async () => (await site.status()).services[0]?.restarts === 1, 'it is started again')
  await until(async () => (await site.status()).services[0]?.health === 'healthy', 'it is healthy')
  expect(await site.sql('SELECT count(*) FROM event.kept')).toBe('1000')
})

test('a killed first start leaves no partial database', async () => {
  await using site = await EmbeddedSite.open()
  const running = site.start('env:up --service postgres')
  const hidden = async (): Promise<string[]> =>
    (await readdir(site.home).catch(() => [])).filter(name => name.startsWith('.postgres-'))
  await until(async () => (await hidden()).length > 0, 'the database is being made')
  for (const {pid} of await site.processes()) killNow(pid)
  running.kill('SIGKILL')
  await running.ended
  expect(await site.remains()).toEqual([])
  expect(await readdir(site.home)).not.toContain('postgres')
  await site.up('postgres')
  expect(await hidden()).toEqual([])
  expect(await site.sql('SELECT count(*) FROM pg_namespace WHERE nspname = $$user$$')).toBe('1')
})

test('data of another major version of PostgreSQL is rejected', async () => {
  await using site = await EmbeddedSite.open()
  await mkdir(join(site.home, 'postgres'), {recursive: true})
  await writeFile(join(site.home, 'postgres', 'PG_VERSION'), '12\n')
  const run = await site.run('env:up --json')
  expect(run.exitCode).toBe(3)
  const data = join(site.home, 'postgres')
  expect(errorOf(run)).toMatchObject({
    code: 'tool-missing',
    message: expect.stringMatching(
      `^the data in ${data} was created by PostgreSQL 12; versions found on this machine: \\d+(, \\d+)*$`,
    ),
    hint: `install PostgreSQL 12, or move the data directory: mv ${data} ${site.home}-postgres-12`,
  })
})

test('a changed password is applied to the existing database', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  const env = {POSTGRES_PASSWORD: `it's "odd" \\ $x`}
  expect((await site.run('env:up --service postgres', {env})).exitCode).toBe(0)
  expect(await site.sql('SELECT 1', {password: env.POSTGRES_PASSWORD})).toBe('1')
})

test.skipIf(!canMount)('a nearly full disk is reported before the start', async () => {
  await using site = await EmbeddedSite.open()
  await using disk = await mountSmallDisk(join(site.directory, 'small'), 64 * 1024 ** 2)
  const run = await site.run('env:up --json', {env: {XDG_STATE_HOME: disk.path}})
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'disk-full',
    message: expect.stringMatching(/^only 6\d(\.\d+)? MiB free in .*, and 512 MiB are required$/),
  })
})

test.skipIf(process.getuid?.() !== 0)('a directory that PostgreSQL cannot enter is rejected', async () => {
  await using site = await EmbeddedSite.open()
  await chmod(site.directory, 0o700)
  const run = await site.run('env:up --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'state-directory',
    message: expect.stringContaining('may not enter'),
  })
})

test('neither command lines nor logs contain a secret', async () => {
  const secrets = ['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'S3_SECRET_KEY', 'JWT_SECRET', 'TELEGRAM_BOT_TOKEN']
  const env = Object.fromEntries(secrets.map(name => [name, `canary-${name.toLowerCase()}-7f3a`]))
  await using site = await EmbeddedSite.open(env)
  await site.up()
  const commands = (await site.processes()).map(({command}) => command).join('\n')
  const logs = await Promise.all(
    (await readdir(join(site.home, 'logs'))).map(name => readFile(join(site.home, 'logs', name), 'utf8')),
  )
  expect(commands + logs.join('\n')).not.toContain('canary-')
})
