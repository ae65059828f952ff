import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {gunzipSync} from 'node:zlib'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {scanDump} from '../../src/backup/archive/scan.js'
import {siteFor} from '../helpers/backups.js'
import type {Site} from '../helpers/cli.js'
import {changed, damage, type Kind, KINDS, VICTIM} from '../helpers/fuzz-archives.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {randomFrom, roundsOr, SEED} from '../helpers/random.js'

/**
 * Changes an archive at random, with commands planted in every quoting context. psql runs what the scanner passes on. To
 * repeat a run: AQUASTREAM_TEST_SEED=1 npm test -- postgres/fuzz
 */
const SCANNED = roundsOr(14) * 10
const RESTORED = roundsOr(2 * KINDS.length) / 2

const RESTORE_SH = resolve(import.meta.dirname, '../../infra/backup/restore.sh')

let server: TestServer
let site: Site
let directory: string
let dump: string
beforeAll(async () => {
  console.log(`seed ${SEED}`)
  server = await startPostgres()
  site = await siteFor(server)
  directory = await mkdtemp(join(tmpdir(), 'aquastream-fuzz-'))
  await server.sql(VICTIM)
  const connection = [
    '-h',
    server.directory,
    '-p',
    String(server.port),
    '-U',
    'aquastream',
    '-d',
    'aquastream',
  ]
  const {stdout} = await execa(join(server.bin, 'pg_dump'), [...connection, '-n', 'user'])
  dump = `${stdout}\n`
})
afterAll(async () => {
  await rm(directory, {recursive: true})
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Returns what the scanner passes on; undefined if it rejects the archive. */
async function scanned(archive: Buffer): Promise<Buffer | undefined> {
  const isPacked = archive[0] === 0x1f && archive[1] === 0x8b
  async function* chunks(): AsyncGenerator<Buffer> {
    yield isPacked ? gunzipSync(archive) : archive
  }
  const passed: Buffer[] = []
  try {
    for await (const part of scanDump(chunks(), {path: 'x.sql', schema: 'user'}))
      passed.push('rows' in part ? part.rows : part.line)
  } catch {
    return undefined
  }
  return Buffer.concat(passed)
}

const psql = (sql: Buffer): Promise<unknown> =>
  execa(
    join(server.bin, 'psql'),
    ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', server.directory, '-p', String(server.port), '-U', 'aquastream'],
    {
      input: sql,
      extendEnv: false,
      env: {...server.env, PGCLIENTENCODING: 'UTF8'},
      reject: false,
      buffer: false,
    },
  )

test(
  `no command of ${SCANNED} archives gets through the scanner`,
  {timeout: 60_000 + SCANNED * 1000},
  async () => {
    const counts = new Map<Kind, {passed: number; rejected: number}>()
    for (let round = 0; round < SCANNED; round++) {
      const kind = KINDS[round % KINDS.length]!
      const file = join(directory, `ran-${round}`)
      const archive = changed(dump, kind, {random: randomFrom(SEED * 10_000 + round), file})
      const sql = await scanned(archive)
      const count = counts.get(kind) ?? {passed: 0, rejected: 0}
      counts.set(kind, count)
      count[sql ? 'passed' : 'rejected']++
      if (!sql) continue
      const before = 'BEGIN; INSERT INTO public.committed VALUES (1); DROP SCHEMA "user" CASCADE;\n'
      await psql(Buffer.concat([Buffer.from(before), sql, Buffer.from('\nROLLBACK;\n')]))
      expect(await damage(server, file), `${kind} of round ${round}:\n${archive.toString('latin1')}`).toEqual(
        [],
      )
    }
    console.log(
      [...counts]
        .map(([kind, {passed, rejected}]) => `${kind}: ${passed} passed, ${rejected} rejected`)
        .join('; '),
    )
  },
)

const ways: Record<string, (archive: string) => Promise<unknown>> = {
  'db:restore --file': archive => site.run(['db:restore', '--schema', 'user', '--yes', '--file', archive]),
  'db:restore --into': archive =>
    site.run(['db:restore', '--schema', 'user', '--yes', '--file', archive, '--into', 'another', '--create']),
  'restore.sh': archive =>
    execa('sh', [RESTORE_SH, 'user', archive], {
      env: {
        ...server.env,
        ...server.connection,
      },
      reject: false,
    }),
}
test.each(Object.keys(ways))(
  'no command of an archive runs through %s',
  {timeout: 60_000 + RESTORED * 20_000},
  async way => {
    for (let round = 0; round < RESTORED; round++) {
      const kind = KINDS[(SEED + round) % KINDS.length]!
      const file = join(directory, `${way.replaceAll(/\W/g, '')}-${round}`)
      const archive = join(directory, 'archive.sql')
      await writeFile(archive, changed(dump, kind, {random: randomFrom(SEED * 10_000 + 5000 + round), file}))
      await ways[way]!(archive)
      const text = (await readFile(archive)).toString('latin1')
      expect(await damage(server, file), `${kind} of round ${round}:\n${text}`).toEqual([])
      // The schema was replaced by what the archive has, or not at all.
      expect(await server.sql(`SELECT to_regclass('"user".t')`)).toBe('"user".t')
    }
  },
)
