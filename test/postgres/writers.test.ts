import {once} from 'node:events'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {RestorePreview} from '../../src/backup/restore/preview.js'
import {backup, detour, failure, report, restore, siteFor} from '../helpers/backups.js'
import {errorOf, type Site} from '../helpers/cli.js'
import {remains} from '../helpers/crash-site.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {until} from '../helpers/waiting.js'

const WRITERS = 20

let server: TestServer
let site: Site
let empty: string
beforeAll(async () => {
  server = await startPostgres()
  site = await siteFor(server)
  await server.sql(`
    CREATE SCHEMA "user";
    CREATE TABLE "user".accounts (id int PRIMARY KEY);
    CREATE TABLE "user".written (writer int, number int, account int REFERENCES "user".accounts, PRIMARY KEY (writer, number));
    CREATE TABLE "user".photos AS SELECT n, (SELECT string_agg(sha256((n || '.' || i)::bytea), '') FROM generate_series(1, 1000) i) AS bytes
      FROM generate_series(1, 300) n;
    INSERT INTO "user".accounts SELECT generate_series(1, ${WRITERS});`)
  empty = (await backup(site, '--schema', 'user', '--pin')).id
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** A session that inserts numbered rows one after the other, until it is stopped. */
class Writer {
  /** The numbers whose INSERT the server has confirmed. */
  readonly confirmed: number[] = []
  failed = 0
  /** The longest time that one INSERT took, in ms. */
  longest = 0
  #isStopped = false
  readonly #done: Promise<void>

  constructor(readonly name: number) {
    this.#done = this.#write()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#done
  }

  async #write(): Promise<void> {
    const psql = execa(
      join(server.bin, 'psql'),
      ['-XAtq', '-h', server.directory, '-p', String(server.port), '-U', 'aquastream'],
      {extendEnv: false, env: server.env, reject: false},
    )
    const lines = createInterface({input: psql.stdout})
    for (let number = 1; !this.#isStopped; number++) {
      const began = performance.now()
      psql.stdin.write(
        `INSERT INTO "user".written VALUES (${this.name}, ${number}, ${this.name});\n\\echo :ERROR\n`,
      )
      const [line] = (await once(lines, 'line')) as [string]
      this.longest = Math.max(this.longest, performance.now() - began)
      if (line === 'false') this.confirmed.push(number)
      else this.failed++
    }
    psql.stdin.end()
    await psql
  }
}

const rowsIn = async (database?: string): Promise<string[]> => {
  const rows = await server.sql(
    `SELECT writer || ' ' || number FROM "user".written`,
    database === undefined ? {} : {database},
  )
  return rows.split('\n').filter(Boolean)
}

const confirmed = (writers: Writer[]): string[] =>
  writers.flatMap(({name, confirmed: numbers}) => numbers.map(number => `${name} ${number}`))

test('a restore and its undo lose no row that was written meanwhile', async () => {
  const writers = Array.from({length: WRITERS}, (_, n) => new Writer(n + 1))
  const more = async (): Promise<void> => {
    const enough = confirmed(writers).length + 10 * WRITERS
    await expect.poll(() => confirmed(writers).length, {timeout: 60_000}).toBeGreaterThan(enough)
  }
  await more()
  const early = confirmed(writers)
  const first = await restore(site, '--schema', 'user', '--from', empty)
  await more()
  const undo = await restore(site, '--schema', 'user', '--from', first.undo!.id)
  await more()
  for (const writer of writers) await writer.stop()

  const kept = await rowsIn()
  expect(kept).toEqual(expect.arrayContaining(early))
  // What was written between the restore and the undo is in the safety backup of the undo.
  const between = undo.undo!.id
  const {schemas} = await report<RestorePreview>(site, [
    'db:restore',
    ...['--schema', 'user', '--from', between, '--dry-run'],
  ])
  await restore(site, '--schema', 'user', '--from', between, '--into', 'between', '--create')
  const replaced = await rowsIn('between')
  expect(schemas[0]!.tables.find(({name}) => name === 'written')).toEqual({
    name: 'written',
    now: kept.length,
    then: replaced.length,
  })
  expect([...kept, ...replaced].sort()).toEqual(confirmed(writers).sort())
  const longest = Math.max(...writers.map(({longest: ms}) => ms))
  const locked = [first, undo].map(({lockedSeconds}) => lockedSeconds)
  console.log(
    `waited at most ${(longest / 1000).toFixed(1)} s; the tables were locked for ${locked.join(' and ')} s`,
  )
  expect(writers.map(({failed}) => failed)).toEqual(writers.map(() => 0))
})

/** Starts a transaction that has read a table, and writes another when a lock matches the condition. */
async function readThenWrite(number: number, lock: string): Promise<{ended: Promise<unknown>}> {
  // The server ends the one that has waited for its deadlock_timeout first.
  const ended = server.sql(`
    SET deadlock_timeout = '60s';
    BEGIN;
    SELECT count(*) FROM "user".photos;
    DO $$ BEGIN
      WHILE NOT EXISTS (SELECT FROM pg_locks WHERE ${lock}) LOOP PERFORM pg_sleep(0.02); END LOOP;
    END $$;
    INSERT INTO "user".written VALUES (99, ${number}, 1);
    COMMIT`)
  ended.catch(() => undefined)
  await until(
    server,
    "SELECT FROM pg_locks WHERE mode = 'AccessShareLock' AND relation = '\"user\".photos'::regclass",
  )
  return {ended}
}

test('a transaction that has read and then writes makes the restore end without a change', async () => {
  await using other = await siteFor(server)
  const before = await server.sql('SELECT count(*) FROM "user".written')
  const transaction = await readThenWrite(1, "mode = 'ShareRowExclusiveLock' AND granted")
  // The safety backup begins when the transaction waits to write.
  const waits = `SELECT 1 FROM pg_locks WHERE mode = 'RowExclusiveLock' AND NOT granted`
  const script = `until ${server.bin}/psql -XAtqc "${waits}" | grep -q 1; do sleep 0.05; done; exec /bin/sh "$@"`
  const env = await detour(other, server, {dump: script})
  const words = ['--schema', 'user', '--from', empty, '--dir', join(site.directory, 'backups')]
  const run = await other.run(['db:restore', '--yes', '--json', ...words], {env})
  expect(errorOf(run)).toMatchObject({
    code: 'restore-failed',
    exitCode: 6,
    message: 'nothing was changed: deadlock detected',
    hint: expect.stringContaining('aquastream env:stop'),
  })
  await transaction.ended
  expect(Number(await server.sql('SELECT count(*) FROM "user".written'))).toBe(Number(before) + 1)
  expect(await remains(server)).toBe('')
})

test('a transaction that writes when the restore waits for it makes the restore end, too', async () => {
  const transaction = await readThenWrite(2, "mode = 'AccessExclusiveLock' AND NOT granted")
  const error = await failure(site, 'db:restore', '--yes', '--schema', 'user', '--from', empty)
  expect(error).toMatchObject({exitCode: 6, message: 'nothing was changed: deadlock detected'})
  await transaction.ended
  expect(await server.sql('SELECT count(*) FROM "user".written WHERE number = 2 AND writer = 99')).toBe('1')
})

test('a transaction that has written one table and waits for another ends before the restore', async () => {
  // The restore has locked the first table and waits for the second, when the transaction needs the first.
  const transaction = server.sql(`
    SET deadlock_timeout = '60s';
    BEGIN;
    LOCK TABLE "user".written IN ROW EXCLUSIVE MODE;
    DO $$ BEGIN
      WHILE NOT EXISTS (SELECT FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND NOT granted) LOOP
        PERFORM pg_sleep(0.02);
      END LOOP;
    END $$;
    INSERT INTO "user".accounts VALUES (1000);
    COMMIT`)
  await until(
    server,
    "SELECT FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation = '\"user\".written'::regclass",
  )
  const {undo} = await restore(site, '--schema', 'user', '--from', empty)
  await transaction
  await restore(site, '--schema', 'user', '--from', undo!.id)
  expect(await server.sql('SELECT count(*) FROM "user".accounts WHERE id = 1000')).toBe('1')
})

test('a table that appears during the safety backup makes the restore end without a change', async () => {
  await using other = await siteFor(server)
  const create = `${server.bin}/psql -Xq -c 'CREATE TABLE "user".late (); INSERT INTO "user".late DEFAULT VALUES'`
  const env = await detour(other, server, {dump: `${create}; exec /bin/sh "$@"`})
  const run = await other.run(
    [
      'db:restore',
      '--schema',
      'user',
      '--yes',
      '--json',
      '--from',
      empty,
      '--dir',
      join(site.directory, 'backups'),
    ],
    {env},
  )
  expect(run.exitCode, run.stdout).toBe(6)
  expect(JSON.parse(run.stdout)).toMatchObject({
    error: {message: 'nothing was changed: the table "user".late was created after the tables were locked'},
  })
  expect(await server.sql('SELECT count(*) FROM "user".late')).toBe('1')
})
