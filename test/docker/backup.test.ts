import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {backup, restore} from '../helpers/backups.js'
import {describe as describeDatabase, type Description, differences} from '../helpers/compare-databases.js'
import {changed, damage, KINDS, VICTIM} from '../helpers/fuzz-archives.js'
import {loadPlatform} from '../helpers/platform.js'
import type {Sql} from '../helpers/postgres.js'
import {randomFrom, roundsOr, SEED} from '../helpers/random.js'
import {runCounted} from '../helpers/lookups.js'
import {docker, StackSite} from '../helpers/stack.js'

const WRECK = `
  DROP SCHEMA payment CASCADE;
  UPDATE "user".odd_text SET t = 'lost';
  ALTER TABLE event.events DROP COLUMN price CASCADE;
  REVOKE ALL ON SCHEMA crew FROM app_user;
  DROP SCHEMA media;
  ALTER PUBLICATION "whole schemas" ADD TABLES IN SCHEMA notification;`

/** Changed archives that are restored: one of each kind in a usual run. */
const FUZZED = roundsOr(KINDS.length)

describe.each([15, 16, 17])('a running stack with PostgreSQL %i', major => {
  let site: StackSite
  let sql: Sql
  let before: Description
  beforeAll(async () => {
    site = await StackSite.open({POSTGRES_IMAGE: `postgres:${major}-alpine`, AQUASTREAM_PROFILE: 'dev'})
    const run = await site.run('env:up --profile dev --service postgres')
    expect(run.exitCode, run.stderr).toBe(0)
    const {Id} = await site.inspect('postgres')
    sql = async (text, {database = 'aquastream', user = 'aquastream'} = {}) => {
      const psql = ['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', user, '-d', database]
      return (await execa('docker', ['exec', '-i', Id, ...psql], {input: text})).stdout
    }
    await sql('DROP SCHEMA IF EXISTS "user", event, crew, payment, notification, media CASCADE')
    await loadPlatform({sql}, {views: false})
    before = await describeDatabase({sql})
  })
  afterAll(() => site[Symbol.asyncDispose]())

  test('one schema is restored from its backup completely', async () => {
    await backup(site, '--all-schemas')
    await sql(`UPDATE "user".odd_text SET t = 'lost'; ALTER TABLE "user".accounts DROP COLUMN tags`)
    const {server} = await restore(site, '--schema', 'user')
    expect(server).toBe(`postgres of ${site.project}`)
    expect(differences(before, await describeDatabase({sql}))).toEqual([])
  })

  test('a restore reads settings and queries the engine once', async () => {
    await site.write('.env.dev', '')
    await site.write('.env', '')
    const {exitCode, stderr, lookups} = await runCounted(site, 'db:restore --schema user --yes')
    expect(exitCode, stderr).toBe(0)
    const count = (pattern: RegExp): number => lookups.filter(line => pattern.test(line)).length
    expect(count(/^docker ps .*aquastream\.profile/)).toBe(1)
    expect(count(/^docker version /)).toBe(1)
    expect(count(/^docker inspect /)).toBe(1)
    // Each profile has a project of its own, so the files of all are read, and each one once.
    const files = ['.env', '.env.dev', '.env.prod', '.env.stage']
    expect(lookups.filter(line => line.startsWith('read ')).sort()).toEqual(files.map(name => `read ${name}`))
  })

  test('all schemas are restored from their backup completely', async () => {
    await sql(WRECK)
    await restore(site, '--all')
    const publications = /^. (publication members|dump: .*PUBLICATION TABLE)/
    const lost = differences(before, await describeDatabase({sql}))
    expect(lost.filter(line => !publications.test(line))).toEqual([])
  })

  test('a killed backup leaves no program in the container', async () => {
    const {Id} = await site.inspect('postgres')
    const programs = (): Promise<string> => docker('top', Id, '-eo', 'pid,args')
    const held = sql(
      `SET application_name = 'holder'; BEGIN; LOCK TABLE ONLY "user".audit; SELECT pg_sleep(100)`,
    )
    held.catch(() => undefined)
    const holds = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep'`
    await expect.poll(() => sql(holds), {timeout: 60_000}).toBe('1')
    const running = site.start('db:backup')
    // The size of a partitioned table is not measured, so only the dump waits for the lock.
    await expect.poll(programs, {timeout: 60_000}).toMatch(/psql -XAtqw[^]*pg_dump/)
    running.kill('SIGKILL')
    await running.ended
    await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'`)
    await held.catch(() => undefined)
    await expect.poll(programs, {timeout: 60_000}).not.toMatch(/psql|pg_dump|gzip|backup\.sh/)
  })
})

test('no command of an archive runs beside the server', {timeout: 60_000 + FUZZED * 20_000}, async () => {
  await using site = await StackSite.open({AQUASTREAM_PROFILE: 'dev'})
  expect(await site.run('env:up --profile dev --service postgres')).toMatchObject({exitCode: 0})
  const {Id} = await site.inspect('postgres')
  const inside = async (args: string[], input = ''): Promise<string> =>
    (await execa('docker', ['exec', '-i', Id, ...args], {input})).stdout
  const sql: Sql = text =>
    inside(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'aquastream', '-d', 'aquastream'], text)
  await sql(`DROP SCHEMA IF EXISTS "user", event CASCADE; ${VICTIM}`)
  const dump = `${await inside(['pg_dump', '-U', 'aquastream', '-n', 'user', 'aquastream'])}\n`
  const random = randomFrom(SEED)
  for (let round = 0; round < FUZZED; round++) {
    const kind = KINDS[round % KINDS.length]!
    const archive = changed(dump, kind, {random, file: '/tmp/ran'})
    await writeFile(join(site.directory, 'archive.sql'), archive)
    await site.run(['db:restore', '--schema', 'user', '--yes', '--file', 'archive.sql'])
    const why = `${kind} of round ${round}, seed ${SEED}:\n${archive.toString('latin1')}`
    expect(await damage({sql}, '/tmp/ran'), why).toEqual([])
    expect(await inside(['sh', '-c', 'ls /tmp']), why).not.toContain('ran')
  }
})
