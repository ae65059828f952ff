import {readdir, readFile, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {BackupReport} from '../../src/backup/create.js'
import type {Manifest} from '../../src/backup/repository/manifest.js'
import {backup, failure, restore, siteFor, SMALL} from '../helpers/backups.js'
import type {Site} from '../helpers/cli.js'
import {majors, startPostgres, type TestServer} from '../helpers/postgres.js'

const BACKUP_SH = resolve(import.meta.dirname, '../../infra/backup/backup.sh')

let server: TestServer
let site: Site

beforeAll(async () => {
  server = await startPostgres()
  await server.sql(SMALL)
  site = await siteFor(server)
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Forms of a URL, with the name that is shown for it. */
const forms: [form: string, (server: TestServer) => {url: string; name: string}][] = [
  [
    'a socket directory as a parameter',
    ({directory, port, password}) => ({
      url: `postgresql://aquastream:${password}@/aquastream?host=${directory}&port=${port}`,
      name: `${directory}:${port}/aquastream`,
    }),
  ],
  [
    'a socket directory as the host',
    ({directory, port}) => ({
      url: `postgresql://aquastream@${encodeURIComponent(directory)}:${port}/aquastream`,
      name: `${directory}:${port}/aquastream`,
    }),
  ],
  [
    'several hosts',
    ({port, password}) => ({
      url: `postgres://aquastream:${password}@127.0.0.1:1,127.0.0.1:${port}/aquastream?target_session_attrs=read-write`,
      name: `127.0.0.1:1,127.0.0.1:${port}/aquastream`,
    }),
  ],
  [
    'user and password as parameters',
    ({port, password}) => ({
      url: `postgresql://127.0.0.1:${port}/aquastream?user=aquastream&password=${password}`,
      name: `127.0.0.1:${port}/aquastream`,
    }),
  ],
  [
    'parameters without a variable of libpq',
    ({url, port}) => ({
      url: `${url}?application_name=mine&keepalives_idle=30&tcp_user_timeout=9000&fallback_application_name=x`,
      name: `127.0.0.1:${port}/aquastream`,
    }),
  ],
  [
    'keywords and values',
    ({port, password}) => ({
      url: `host=127.0.0.1 hostaddr=127.0.0.1 port=${port} user=aquastream password='${password}' dbname = aquastream`,
      name: `127.0.0.1:${port}/aquastream`,
    }),
  ],
]

test.each(forms)('what psql accepts is accepted: %s', async (_, form) => {
  const {url, name} = form(server)
  const psql = await execa(join(server.bin, 'psql'), ['-XAtc', 'SELECT 1', url], {env: server.env})
  expect(psql.stdout).toBe('1')
  for (const given of [url, `"${url}"`]) {
    const run = await site.run(['db:backup', '--schema', 'crew', '--json'], {env: {DATABASE_URL: given}})
    expect(run.exitCode, run.stdout + run.stderr).toBe(0)
    expect(JSON.parse(run.stdout)).toMatchObject({server: name})
    expect(run.stdout + run.stderr).not.toContain(server.password)
  }
})

test('a restore into another database goes there, whatever form the URL has', async () => {
  const url = `${server.url}?keepalives_idle=30`
  const before = await listTemporary()
  const env = {DATABASE_URL: url}
  expect((await site.run('db:backup --json', {env})).exitCode).toBe(0)
  const run = await site.run('db:restore --schema crew --into elsewhere --create --yes --json', {env})
  expect(run.exitCode, run.stdout).toBe(0)
  const schemas = await server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'crew'", {
    database: 'elsewhere',
  })
  expect(schemas).toBe('1')
  expect(await listTemporary(), 'the service file is removed').toEqual(before)
})

test('every line of libpq is shown, the first as the cause', async () => {
  const refused = (port: number) => [
    `connection to server at "127.0.0.1", port ${port} failed: Connection refused`,
    '\tIs the server running on that host and accepting TCP/IP connections?',
  ]
  const error = await failure(site, 'db:backup', '--database-url', 'postgresql://x@127.0.0.1:1,127.0.0.1:2/d')
  expect(error).toMatchObject({
    code: 'database-unreachable',
    message: `the connection to 127.0.0.1:1,127.0.0.1:2/d failed: ${refused(1)[0]}`,
    evidence: [{lines: [`psql: error: ${refused(1)[0]}`, refused(1)[1], ...refused(2)]}],
  })
  const byHand = await execa('dash', [BACKUP_SH, '--dir', join(site.directory, 'by-hand')], {
    reject: false,
    env: {...server.env, PGHOST: '127.0.0.1,127.0.0.1', PGPORT: '1,2'},
  })
  expect(byHand.stderr.split('\n')).toEqual([
    `psql: error: ${refused(1)[0]}`,
    refused(1)[1],
    ...refused(2),
    `error: the connection to the database failed: psql: error: ${refused(1)[0]}`,
    'hint: test the connection with psql',
  ])
})

test('a parameter of a newer libpq is refused, not ignored', async () => {
  expect(await failure(site, 'db:backup', '--database-url', 'postgresql://x?oauth_scope=a')).toMatchObject({
    code: 'tool-too-old',
    exitCode: 3,
    message: expect.stringContaining(
      'the parameter oauth_scope of the database URL requires psql 18 or newer',
    ),
  })
})

test('what the shell has set for libpq selects no other server', async () => {
  await server.sql('CREATE DATABASE other', {database: 'postgres'})
  await site.write('.pg_service.conf', '[other]\ndbname=other\n')
  const env = {
    PGSERVICE: 'other',
    PGHOSTADDR: '192.0.2.1',
    PGDATABASE: 'other',
    PGPORT: '1',
    PGOPTIONS: '-c nonsense=1',
  }
  const run = await site.run('db:backup --json', {env})
  expect(run.exitCode, run.stderr + run.stdout).toBe(0)
  const {path} = JSON.parse(run.stdout) as BackupReport
  const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as Manifest
  expect(manifest.server.database).toBe('aquastream')
})

test('a password of the shell is used where the URL has none', async () => {
  const {port, password} = server
  const url = `postgresql://aquastream@127.0.0.1:${port}/aquastream`
  const run = await site.run('db:backup', {env: {DATABASE_URL: url, PGPASSWORD: password}})
  expect(run.exitCode, run.stderr).toBe(0)
})

test('a user whose name is no plain identifier can restore a backup', async () => {
  await server.sql(`
    CREATE ROLE "Odd.User" LOGIN;
    GRANT CREATE ON DATABASE aquastream TO "Odd.User";
    SET ROLE "Odd.User";
    CREATE SCHEMA odd;
    CREATE TABLE odd.numbers AS SELECT n FROM generate_series(1, 5) n`)
  const {directory, port, env} = server
  const url = `postgresql://Odd.User@/aquastream?host=${directory}&port=${port}`
  await using own = await siteFor({url, env})
  await backup(own, '--schema', 'odd')
  await server.sql('DELETE FROM odd.numbers')
  await restore(own, '--schema', 'odd')
  expect(await server.sql('SELECT count(*) FROM odd.numbers')).toBe('5')
})

test.each(majors())('version %i needs no access to another database', async major => {
  await using other = await startPostgres({major})
  await other.sql(SMALL)
  await writeFile(
    join(other.directory, 'data/pg_hba.conf'),
    'local aquastream all trust\nhost aquastream all 127.0.0.1/32 scram-sha-256\n',
  )
  await other.restart()
  await using own = await siteFor(other)
  await backup(own)
  const directory = join(own.directory, 'by-hand')
  await execa('dash', [BACKUP_SH, '--dir', directory], {env: {...other.env, ...other.connection}})
  expect(await readdir(directory)).toHaveLength(1)
})

async function listTemporary(): Promise<string[]> {
  const names = await readdir(tmpdir())
  const found: string[] = []
  for (const name of names)
    if ((await readdir(join(tmpdir(), name)).catch((): string[] => [])).includes('service.conf'))
      found.push(name)
  return found
}
