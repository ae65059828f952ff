import {existsSync} from 'node:fs'
import {chown, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {createConnection} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {backup, failure, restore, siteFor, SMALL} from '../helpers/backups.js'
import {remains} from '../helpers/crash-site.js'
import {freePort} from '../helpers/free-port.js'
import {asOwner, OWNER} from '../helpers/postgres-template.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'

const PGBOUNCER = '/usr/sbin/pgbouncer'
const pooled = test.skipIf(!existsSync(PGBOUNCER))

let server: TestServer
beforeAll(async () => {
  server = await startPostgres()
  await server.sql(SMALL)
})
afterAll(() => server[Symbol.asyncDispose]())

/** Starts a connection pooler in front of the server, and returns its URL. */
async function startPooler(settings: Record<string, string>): Promise<AsyncDisposable & {url: string}> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-pooler-'))
  const port = await freePort()
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`)
  const connection = `host=127.0.0.1 port=${server.port} user=aquastream password=${server.password}`
  const file = join(directory, 'pgbouncer.ini')
  await writeFile(file, `[databases]\n* = ${connection}\n[pgbouncer]\n${lines.join('')}`)
  if (OWNER.uid !== undefined) {
    await chown(directory, OWNER.uid, OWNER.gid)
    await chown(file, OWNER.uid, OWNER.gid)
  }
  const pooler = execa(PGBOUNCER, ['-q', file], {...asOwner(directory), reject: false})
  while (!(await answers(port))) await sleep(20)
  return {
    url: `postgresql://aquastream@127.0.0.1:${port}/aquastream`,
    async [Symbol.asyncDispose]() {
      pooler.kill('SIGTERM')
      await pooler
      await rm(directory, {recursive: true})
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    const report = (is: boolean) => (): void => {
      socket.destroy()
      resolve(is)
    }
    socket.on('connect', report(true)).on('error', report(false))
  })
}

const OPTIONS = {ignore_startup_parameters: 'extra_float_digits,options'}

pooled('a pooler that does not keep sessions is refused, and no lock is left', async () => {
  await using pooler = await startPooler({...OPTIONS, pool_mode: 'transaction'})
  await using site = await siteFor({url: pooler.url, env: server.env})
  await using direct = await siteFor(server)
  const {path, id} = await backup(direct)
  const file = join(path, `user_${id}.sql.gz`)
  const refused = {
    code: 'refused',
    exitCode: 9,
    message: expect.stringContaining('is a connection pooler that does not keep sessions'),
    hint: expect.stringContaining('pool_mode = session'),
  }
  expect(await failure(site, 'db:backup')).toMatchObject(refused)
  expect(await failure(site, 'db:restore', '--yes', '--schema', 'user', '--file', file)).toMatchObject(
    refused,
  )
  expect(await failure(site, 'db:restore', '--schema', 'user', '--file', file, '--dry-run')).toMatchObject(
    refused,
  )
  // While the backends of the pooler are still there.
  const {stdout} = await execa(join(server.bin, 'psql'), [
    '-XAt',
    '-c',
    'SHOW search_path',
    '-c',
    'SHOW row_security',
    pooler.url,
  ])
  expect(stdout).toBe('"$user", public\non')
  expect(await server.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).toBe('0')
  expect(await server.sql('SELECT balance FROM "user".accounts WHERE id = 1')).toBe('100')
  await backup(direct)
})

pooled('a pooler that refuses startup options is named', async () => {
  await using pooler = await startPooler({pool_mode: 'session'})
  await using site = await siteFor({url: pooler.url, env: server.env})
  expect(await failure(site, 'db:backup')).toMatchObject({
    code: 'refused',
    message: expect.stringContaining('does not accept startup options'),
    hint: expect.stringContaining('ignore_startup_parameters = options'),
  })
})

pooled('a pooler in session mode is accepted', async () => {
  await using pooler = await startPooler({...OPTIONS, pool_mode: 'session'})
  await using site = await siteFor({url: pooler.url, env: server.env})
  const {id, schemas} = await backup(site)
  expect(schemas).toHaveLength(6)
  await server.sql('UPDATE "user".accounts SET balance = 0')
  // Settings of the role, which the startup options overrule on a direct connection.
  await server.sql(`
    ALTER ROLE aquastream SET idle_in_transaction_session_timeout = '1ms';
    ALTER ROLE aquastream SET search_path = "user", event`)
  expect(await restore(site, '--schema', 'user', '--from', id)).toMatchObject({schemas: ['user']})
  await server.sql('ALTER ROLE aquastream RESET ALL')
  expect(await server.sql('SELECT DISTINCT balance FROM "user".accounts')).toBe('100')
  expect(await server.sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f'")).toBe('3')
  expect(await remains(server)).not.toContain('advisory lock')
})
