import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {Manifest} from '../../src/backup/repository/manifest.js'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import {backup, restore, SMALL} from '../helpers/backups.js'
import {fingerprint, remains} from '../helpers/crash-site.js'
import type {Sql} from '../helpers/postgres.js'
import {docker, StackSite} from '../helpers/stack.js'

/** Enough rows that a dump takes a few seconds. */
const LARGE = `
  CREATE TABLE media.files AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 3000000) n`

let site: StackSite
let container: string
const sql: Sql = (...request) => site.sql(...request)

// infra/postgres/Dockerfile, built by test/testbed/provision.sh.
beforeAll(async () => {
  site = await StackSite.open({
    POSTGRES_IMAGE: 'aquastream-testbed/postgres-isal:16-alpine',
    AQUASTREAM_PROFILE: 'dev',
  })
  const run = await site.run('env:up --service postgres')
  expect(run.exitCode, run.stderr).toBe(0)
  container = (await site.inspect('postgres')).Id
  await sql('DROP SCHEMA IF EXISTS "user", event, crew, payment, notification, media CASCADE')
  await sql(SMALL)
})
afterAll(() => site[Symbol.asyncDispose]())

async function findCompressor(place: StackSite): Promise<unknown> {
  const {stdout} = await place.run('env:doctor --json')
  return (JSON.parse(stdout) as DoctorReport).checks.find(({check}) => check === 'compressor')
}

test('igzip in the container makes archives that are restored', async () => {
  const before = await fingerprint({sql})
  const {id, path} = await backup(site)
  const names = (await readdir(path)).filter(name => name.endsWith('.gz'))
  await execa('gzip', ['-t', ...names], {cwd: path})
  const {tools} = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as Manifest
  expect(tools.compressor).toMatch(/^igzip \d/)
  await sql('DROP TABLE "user".accounts CASCADE')
  await restore(site, '--all', '--from', id)
  expect(await fingerprint({sql})).toBe(before)
  expect(await findCompressor(site)).toMatchObject({
    verdict: 'ok',
    message: `${tools.compressor} compresses backups`,
  })
})

test.each(['SIGINT', 'SIGKILL'] as const)('%s leaves no igzip in the container', async signal => {
  await sql(`DROP TABLE IF EXISTS media.files; ${LARGE}`)
  const running = site.start('db:backup --schema media')
  const programs = (): Promise<string> => docker('top', container, '-eo', 'pid,comm')
  await expect.poll(programs, {timeout: 30_000, interval: 20}).toContain('igzip')
  running.kill(signal)
  await running.ended
  expect(await remains({sql})).toBe('')
  await expect.poll(programs, {timeout: 10_000}).not.toMatch(/igzip|pg_dump|psql/)
  // The server has not taken a killed program for a crashed session.
  const {all} = await execa('docker', ['logs', container], {all: true})
  expect(all).toContain('ready to accept connections')
  expect(all).not.toMatch(/terminating any other active/)
})

test('env:doctor says how to add igzip to an image', async () => {
  await using plain = await StackSite.open({AQUASTREAM_PROFILE: 'dev'})
  expect(await findCompressor(plain)).toMatchObject({
    verdict: 'skipped',
    message: 'not checked: PostgreSQL is not running',
  })
  const run = await plain.run('env:up --service postgres')
  expect(run.exitCode, run.stderr).toBe(0)
  expect(await findCompressor(plain)).toMatchObject({
    verdict: 'ok',
    message: expect.stringMatching(/^igzip not found in postgres:16-alpine; /) as string,
    hint: expect.stringMatching(
      /^docker build -t aquastream\/postgres-isal:16-alpine --build-arg BASE=postgres:16-alpine \S+\/infra\/postgres; then set POSTGRES_IMAGE=aquastream\/postgres-isal:16-alpine and run env:up$/,
    ) as string,
  })
})
