import {rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {BackupReport} from '../../src/backup/create.js'
import type {OffsiteListReport} from '../../src/offsite/list.js'
import {NOBODY, whyNotAs} from '../commands/site.js'
import {errorOf} from '../helpers/cli.js'
import {EmbeddedSite} from '../helpers/embedded.js'
import {has} from '../helpers/guide.js'
import {PASSWORD} from '../helpers/restic.js'
import {FIXTURE} from '../helpers/crash-site.js'

let site: EmbeddedSite
beforeAll(async () => {
  site = await EmbeddedSite.open()
  await site.up('postgres')
  await site.sql(FIXTURE.replaceAll('CREATE SCHEMA', 'CREATE SCHEMA IF NOT EXISTS'))
})
afterAll(async () => site[Symbol.asyncDispose]())

test('a backup is taken, verified and restored', async () => {
  expect(await site.run('db:backup')).toMatchObject({exitCode: 0})
  const verified = await site.run('db:verify --restore')
  expect(verified, verified.stderr).toMatchObject({exitCode: 0})
  await site.sql('DELETE FROM "user".notes WHERE id > 10')
  const restored = await site.run('db:restore --schema user --yes')
  expect(restored, restored.stderr).toMatchObject({exitCode: 0})
  expect(await site.sql('SELECT count(*) FROM "user".notes')).toBe('4000')
})

test.skipIf(!has('restic'))('a copy off-site has the database alone', async () => {
  const env = {OFFSITE_REPOSITORY: join(site.directory, 'offsite'), OFFSITE_PASSWORD: PASSWORD}
  const run = async (words: string) => {
    const {exitCode, stdout} = await site.run(`${words} --json`, {env})
    expect(exitCode, stdout).toBe(0)
    return JSON.parse(stdout) as unknown
  }
  await run('offsite:init')
  const {id, path} = (await run('db:backup --offsite')) as BackupReport
  const why = 'the embedded engine does not keep media and Redis in volumes'
  expect(await run('offsite:push')).toMatchObject({
    stores: [],
    notSaved: ['media', 'redis'].map(store => ({store, why})),
  })
  const {snapshots} = (await run('offsite:list --max-age 1')) as OffsiteListReport
  expect(snapshots.find(one => one.id === id)).toMatchObject({stores: [], local: true, verified: true})
  await rm(path, {recursive: true})
  await site.sql('DELETE FROM "user".notes WHERE id > 10')
  await run(`db:restore --schema user --from ${id} --yes`)
  expect(await site.sql('SELECT count(*) FROM "user".notes')).toBe('4000')
  expect(errorOf(await site.run('offsite:pull --media --yes --json', {env}))).toMatchObject({
    code: 'refused',
    exitCode: 9,
  })
})

test('PG… variables for another server are ignored', async () => {
  const env = {
    PGHOST: 'nowhere.invalid',
    PGOPTIONS: '-c nonsense=1',
    PGSERVICE: 'other',
    PGSSLMODE: 'require',
  }
  const run = await site.run('db:backup', {env})
  expect(run.exitCode, run.stderr).toBe(0)
})

test('a database that is not running is reported', async () => {
  await using other = await EmbeddedSite.open()
  const run = await other.run('db:backup --json')
  expect(run.exitCode).toBe(4)
  expect(errorOf(run).message).toBe(
    `postgres of ${other.env.AQUASTREAM_PROJECT} is not running on the embedded engine, and cannot connect to Docker Engine at /nonexistent/none.sock`,
  )
})

test('the database recognizes the letters of every alphabet', async () => {
  expect(await site.sql("SELECT lower('ЖÄ')")).toBe('жä')
})

test('a wrong password is rejected by the database', async () => {
  const run = site.sql('SELECT 1', {password: 'not-the-password'})
  await expect(run).rejects.toThrow('password authentication failed for user "aquastream"')
})

test('no setting of the server logs its password', async () => {
  const password = 'canary-of-the-log\\'
  await using own = await EmbeddedSite.open({POSTGRES_PASSWORD: password})
  await own.up('postgres')
  const settings = {
    standard_conforming_strings: 'off',
    log_statement: 'all',
    log_duration: 'on',
    log_min_duration_statement: '0',
    log_min_duration_sample: '0',
    log_statement_sample_rate: '1',
    log_transaction_sample_rate: '1',
    log_min_error_statement: 'debug5',
    log_min_messages: 'debug5',
    log_statement_stats: 'on',
    debug_print_parse: 'on',
    debug_print_rewritten: 'on',
    debug_print_plan: 'on',
  }
  const changes = Object.entries(settings).map(([name, value]) => `ALTER SYSTEM SET ${name} = '${value}';`)
  await own.sql(changes.join('\n'), {password})
  await own.succeed('env:restart postgres')
  expect(await own.sql('SELECT 40 + 2', {password})).toBe('42')
  const {stdout} = await own.succeed('logs postgres')
  expect(stdout).toContain('statement: SELECT 40 + 2')
  expect(stdout).not.toContain('canary-of-the-log')
})

test('a user other than root runs all the programs', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using home = await EmbeddedSite.open()
  await home.allow(NOBODY)
  const run = await home.run('env:up --service postgres', {user: NOBODY})
  expect(run.exitCode, run.stderr).toBe(0)
  expect((await stat(join(home.home, 'postgres'))).uid).toBe(NOBODY)
  expect((await home.run('env:down', {user: NOBODY})).exitCode).toBe(0)
  expect(await home.remains(0)).toEqual([])
})
