import {existsSync} from 'node:fs'
import {readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {gunzipSync} from 'node:zlib'
import {execa} from 'execa'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {
  backup,
  detour,
  failure,
  listTree,
  report,
  restore,
  rootOf,
  siteFor,
  SMALL,
} from '../helpers/backups.js'
import {errorOf, expectDone, type Running, type Site} from '../helpers/cli.js'
import {loadPlatform} from '../helpers/platform.js'
import {postgresPrograms} from '../helpers/postgres-programs.js'
import {knowsZstd, majors, startPostgres, type TestServer} from '../helpers/postgres.js'
import {until} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'
import {hold, waitingForTable} from '../helpers/waiting.js'

let server: TestServer
let site: Site
beforeAll(async () => {
  server = await startPostgres()
})
beforeEach(async () => {
  for (const name of ['aquastream', 'scratch'])
    await server.sql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, {database: 'postgres'})
  await server.sql('CREATE DATABASE aquastream', {database: 'postgres'})
  site = await siteFor(server)
  return () => site[Symbol.asyncDispose]()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Repeats statements in separate transactions until the work has ended. */
async function whileWriting<T>(statements: string, writers: number, work: () => Promise<T>): Promise<T> {
  await server.sql('CREATE TABLE public.stop ()')
  const loop = `DO $$BEGIN LOOP ${statements} COMMIT; EXIT WHEN EXISTS (SELECT FROM public.stop); END LOOP; END$$`
  const loops = Array.from({length: writers}, () => server.sql(loop))
  try {
    return await work()
  } finally {
    await server.sql('INSERT INTO public.stop DEFAULT VALUES')
    await Promise.all(loops)
  }
}

/** Restores a backup into a database, and returns the result of a query there. */
async function inSet(id: string, query: string): Promise<string> {
  await restore(site, '--all', '--from', id, '--into', 'scratch', '--create')
  return server.sql(query, {database: 'scratch'})
}

describe('the consistency of a backup', () => {
  test('concurrent transfers leave every backup with the same sum', async () => {
    await server.sql(SMALL)
    // Without the subquery, random() would be evaluated for each row.
    const transfer = `
      UPDATE "user".accounts SET balance = balance - 1 WHERE id = (SELECT 1 + floor(random() * 50)::int);
      UPDATE payment.payments SET balance = balance + 1 WHERE id = 1;`
    const sets = await whileWriting(transfer, 3, async () => {
      const ids: string[] = []
      for (const jobs of ['1', '2', '4', '1']) ids.push((await backup(site, '--jobs', jobs)).id)
      return ids
    })
    const sums: string[] = []
    for (const id of sets) {
      const [accounts, both] = (
        await inSet(
          id,
          `SELECT a, a + p FROM (SELECT sum(balance) AS a FROM "user".accounts) q, (SELECT sum(balance) AS p FROM payment.payments) r`,
        )
      ).split('|')
      expect(both).toBe('10000')
      sums.push(accounts!)
    }
    expect(new Set(sums).size).toBe(sets.length)
  })

  const REFILL =
    'TRUNCATE notification.outbox; INSERT INTO notification.outbox SELECT n FROM generate_series(1, 5) n;'
  const changes = {
    'is truncated': REFILL,
    'is rewritten': 'ALTER TABLE notification.outbox ALTER n TYPE bigint;',
    'changes names with another': `ALTER TABLE notification.outbox RENAME TO old;
      ALTER TABLE notification.fresh RENAME TO outbox; ALTER TABLE notification.old RENAME TO fresh;`,
  }

  test.each(Object.entries(changes))('a table that %s meanwhile is dumped again', async (_, change) => {
    await server.sql(`${SMALL} CREATE TABLE "user".parts (id int) PARTITION BY LIST (id);
      CREATE TABLE notification.outbox AS SELECT n FROM generate_series(1, 5) n;
      CREATE TABLE notification.fresh AS TABLE notification.outbox`)
    // The size of a partitioned table is not measured, so only the dump waits for the lock, after the snapshot.
    await using held = await hold(server, 'ONLY "user".parts', 'ACCESS EXCLUSIVE')
    const running = site.start('db:backup --jobs 1')
    await waitingForTable(server)
    await server.sql(`BEGIN; ${change} COMMIT`)
    await held.release()
    const {exitCode, stderr} = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toMatch(/notification\.outbox.* was truncated or rewritten during the dump; retrying/)
    expect(await inSet('latest', 'SELECT count(*) FROM notification.outbox')).toBe('5')
  })

  test('a table that is dropped during the dump makes it start again', async () => {
    await server.sql(`${SMALL} CREATE TABLE crew.boats (n int)`)
    const drop = `[ -e dropped ] || { psql -Xqc 'DROP TABLE crew.boats' </dev/null; : >dropped; }`
    const script = `cd ${site.directory} && ${drop}; exec /bin/sh "$@"`
    const env = await detour(site, server, {facts: script})
    const {exitCode, stdout, stderr} = await site.run('db:backup --json', {env})
    expect(exitCode, stdout).toBe(0)
    expect(stderr).toContain(
      'a table or another object was altered, created or dropped during the dump; retrying',
    )
  })

  test('tables that are renamed during every dump fail the backup', async () => {
    await server.sql(`${SMALL} CREATE TABLE crew.boats (n int)`)
    await site.write(
      'rename.sql',
      `SELECT format('ALTER TABLE %s RENAME TO %I', oid::regclass, 'boats' || gen_random_uuid())
       FROM pg_class WHERE relname ~ '^boats' AND relkind = 'r' \\gexec\n`,
    )
    const script = `psql -Xqf ${join(site.directory, 'rename.sql')} </dev/null; exec /bin/sh "$@"`
    const env = await detour(site, server, {facts: script})
    expect(errorOf(await site.run('db:backup --json', {env}))).toEqual({
      code: 'backup-failed',
      exitCode: 5,
      message: 'a table or another object was altered, created or dropped during each of 3 attempts',
      hint: 'run the backup when the job that changes the table has finished',
    })
    expect(await report(site, ['db:list'])).toMatchObject({sets: []})
  })

  test('a table that is truncated continuously is never empty', async () => {
    await server.sql(`${SMALL} CREATE TABLE notification.outbox AS SELECT n FROM generate_series(1, 5) n`)
    const runs = await whileWriting(`${REFILL} COMMIT; PERFORM pg_sleep(0.02);`, 1, async () => [
      await site.run('db:backup --jobs 1 --json'),
      await site.run('db:backup --jobs 4 --json'),
    ])
    for (const run of runs.filter(({exitCode}) => exitCode !== 0)) {
      expect(errorOf(run)).toMatchObject({
        code: 'backup-failed',
        exitCode: 5,
        message: 'notification.outbox was truncated or rewritten during each of 3 attempts',
      })
    }
    for (const run of runs.filter(({exitCode}) => exitCode === 0)) {
      const {id} = JSON.parse(run.stdout) as {id: string}
      expect(await inSet(id, 'SELECT count(*) FROM notification.outbox')).toBe('5')
    }
  })
})

describe('objects that a backup does not contain', () => {
  test('objects that belong to no schema are listed', async () => {
    await server.sql(`${SMALL}
      CREATE CAST ("user".state AS int) WITH INOUT;
      CREATE FUNCTION "user".on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
      CREATE EVENT TRIGGER on_ddl ON ddl_command_end EXECUTE FUNCTION "user".on_ddl();
      CREATE PUBLICATION changes FOR ALL TABLES;
      CREATE TYPE "user".span AS RANGE (subtype = int);
      CREATE STATISTICS media.names (mcv) ON id, name FROM "user".accounts;
      CREATE FOREIGN DATA WRAPPER nowhere;
      CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
      ALTER TABLE event.events DISABLE TRIGGER ALL;
      SELECT lo_create(4711);
      ALTER DATABASE aquastream SET work_mem = '5MB'`)
    const {exitCode, stderr} = await site.run('db:backup')
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain(
      'note: not included in schema backups: cast from "user".state to integer, event trigger on_ddl, foreign-data wrapper nowhere, large objects, publication changes, server elsewhere, settings of the database, statistics object media.names, the disabled triggers of constraint events_organiser_fkey on table event.events, the disabled triggers of constraint likes on table "user".accounts\n',
    )
  })

  test('a partition in another schema is reported', async () => {
    await server.sql(`${SMALL} CREATE TABLE "user".parts (id int) PARTITION BY LIST (id);
      CREATE TABLE event.part PARTITION OF "user".parts DEFAULT`)
    const {stderr} = await site.run('db:backup')
    expect(stderr).toContain(
      'note: event.part is a partition of "user".parts: restore both schemas together, from one backup\n',
    )
    await restore(site, '--all')
  })

  test('rows that need a materialized view are reported', async () => {
    await server.sql(`${SMALL}
      CREATE MATERIALIZED VIEW crew.counted AS SELECT count(*)::int AS n FROM event.events;
      CREATE VIEW crew.counts AS SELECT * FROM crew.counted;
      CREATE FUNCTION crew.plus(int) RETURNS int IMMUTABLE BEGIN ATOMIC SELECT n + $1 FROM crew.counted; END;
      CREATE FUNCTION crew.fits(int, int) RETURNS bool STABLE BEGIN ATOMIC SELECT n > $1 FROM crew.counts; END;
      CREATE OPERATOR media.<~ (FUNCTION = crew.fits, LEFTARG = int, RIGHTARG = int);
      CREATE TABLE media.fitting (id int CONSTRAINT fits CHECK (id OPERATOR(media.<~) 1),
        more int GENERATED ALWAYS AS (crew.plus(id)) STORED, CHECK (id > 0));
      ALTER TABLE media.fitting ADD CHECK (crew.fits(id, 1)) NOT VALID;
      INSERT INTO media.fitting VALUES (1)`)
    const {stderr} = await site.run('db:backup')
    expect(stderr.match(/note: .*/g)).toEqual(
      ['default value for column more of table media.fitting', 'constraint fits on table media.fitting'].map(
        name =>
          `note: ${name} reads materialized view crew.counted, which is filled after the rows: a restore of rows can fail`,
      ),
    )
    const error = await failure(site, 'db:restore', '--all', '--yes')
    expect(error).toMatchObject({
      message: 'nothing was changed: materialized view "counted" has not been populated',
    })
  })

  test('without such objects, no notice is printed', async () => {
    await server.sql(SMALL)
    expect((await site.run('db:backup')).stderr).not.toContain('note:')
  })

  test('a test restore shows why a restore would fail', async () => {
    await server.sql(`${SMALL} CREATE VIEW event.names AS SELECT name FROM "user".accounts`)
    const {id} = await backup(site, '--schema', 'event')
    const {exitCode, stdout} = await site.run(`db:verify --restore ${id} --json`)
    expect(exitCode).toBe(7)
    expect(JSON.parse(stdout)).toMatchObject({
      sets: [{id, reason: 'it cannot be restored: relation "user.accounts" does not exist'}],
    })
  })
})

describe('the client tools', () => {
  const newest = [...postgresPrograms()].at(-1)!

  test.skipIf(newest[0] < 17)('must not be newer than the server supports', async () => {
    await server.sql(SMALL)
    const env = {PATH: [newest[1], process.env.PATH].join(delimiter)}
    const run = await site.run('db:backup --json', {env})
    expect(errorOf(run)).toMatchObject({
      code: 'tool-too-new',
      exitCode: 3,
      message: expect.stringMatching(
        `^dumps written by pg_dump ${newest[0]}\\.\\d+ cannot be restored into .*, which is PostgreSQL ${server.major}$`,
      ) as string,
      hint: expect.stringContaining(
        `put the client tools of version ${server.major} first in PATH`,
      ) as string,
    })
    expect(await report(site, ['db:list'])).toMatchObject({sets: []})
  })

  const plain = majors().find(major => major >= 16 && !knowsZstd(major))

  test.skipIf(plain === undefined)('may lack a compression, which is reported', async () => {
    await using other = await startPostgres({major: plain!})
    await using place = await siteFor(other)
    await other.sql(SMALL)
    expect(errorOf(await place.run('db:backup --compression zstd --json'))).toMatchObject({
      code: 'backup-failed',
      exitCode: 5,
      hint: 'this pg_dump was built without zstd; use --compression gzip',
    })
  })

  test('fail the backup if their exit status is not 0', async () => {
    await server.sql(SMALL)
    const pgDump = join(site.directory, 'pg_dump')
    await writeFile(pgDump, `#!/bin/sh\n${join(server.bin, 'pg_dump')} "$@" && [ "$*" = --version ]\n`, {
      mode: 0o755,
    })
    const env = {PATH: [site.directory, server.env.PATH].join(delimiter)}
    const run = await site.run('db:backup --json', {env})
    expect(errorOf(run)).toMatchObject({code: 'backup-failed', exitCode: 5})
    expect(await report(site, ['db:list'])).toMatchObject({sets: []})
  })
})

describe('db:verify', () => {
  /** Starts a verification that waits in a stream of the scripts; it goes on when the returned function is called. */
  async function startWaiting(at: Site, stream: string, words: string) {
    const [there, go] = ['there', 'go'].map(name => join(at.directory, name)) as [string, string]
    const script = `: >${there}; until [ -e ${go} ]; do sleep 0.1; done; exec /bin/sh "$@"`
    const running = at.start(words, {env: await detour(at, server, {[stream]: script})})
    await Promise.race([until(() => existsSync(there)), running.ended])
    return async () => {
      await writeFile(go, '')
      return running.ended
    }
  }

  test('a backup that rotation deletes meanwhile is left out', async () => {
    await server.sql(SMALL)
    const old = idAgo(48)
    await writeSet(rootOf(site), old)
    const {id} = await backup(site, '--format', 'custom')
    const goOn = await startWaiting(site, 'unpack', 'db:verify --json')
    const words = 'db:rotate --keep-daily 1 --keep-weekly 0 --keep-monthly 0'
    await site.succeed(words)
    const run = await goOn()
    expect(run.exitCode, run.stdout).toBe(0)
    expect(JSON.parse(run.stdout)).toMatchObject({valid: true, sets: [{id}]})
    expect(run.stderr).toContain(`note: backup ${old} was deleted during the verification and is skipped`)
  })

  test('the only selected backup is missing if it is deleted meanwhile', async () => {
    await server.sql(SMALL)
    const {id, path} = await backup(site, '--format', 'custom')
    const goOn = await startWaiting(site, 'unpack', `db:verify ${id} --json`)
    await rm(path, {recursive: true})
    expect(errorOf(await goOn())).toMatchObject({code: 'no-such-backup', exitCode: 10})
  })

  test('test restores of two databases of a server do not disturb each other', async () => {
    await server.sql(SMALL)
    await server.sql('CREATE DATABASE scratch TEMPLATE aquastream', {database: 'postgres'})
    await using other = await siteFor({url: server.url.replace(/aquastream$/, 'scratch'), env: server.env})
    await backup(site)
    await backup(other)
    const goOn = await startWaiting(site, 'replay', 'db:verify --restore --json')
    expect(await report(other, ['db:verify', '--restore'])).toMatchObject({valid: true})
    const run = await goOn()
    expect(run.exitCode, run.stdout).toBe(0)
  })

  test('only the session with the lock of test restores cleans up', async () => {
    await server.sql(SMALL)
    await backup(site)
    const sessions = join(site.directory, 'sessions')
    const script = `echo "\${CLEANUP_SQL:+cleans up}" >>${sessions}; exec /bin/sh "$@"`
    const run = await site.run('db:verify --restore', {env: await detour(site, server, {session: script})})
    expectDone(run)
    // Another one that checks whether the server is a connection pooler could take the lock when it ends.
    expect((await readFile(sessions, 'utf8')).split('\n').sort()).toEqual(['', '', '', 'cleans up'])
  })

  test('only its own scratch databases are dropped', async () => {
    await server.sql(SMALL)
    await backup(site)
    const oid = await server.sql("SELECT oid FROM pg_database WHERE datname = 'aquastream'")
    const left = `aquastream_verify_${oid}_0123456789ab`
    const kept = ['aquastream_verify_october', `aquastream_verify_${oid}_look`, `${left}_copy`]
    for (const name of [left, ...kept]) await server.sql(`CREATE DATABASE ${name}`, {database: 'postgres'})
    await report(site, ['db:verify', '--restore'])
    const names = await server.sql(
      "SELECT datname FROM pg_database WHERE datname LIKE 'aquastream\\_%' ORDER BY length(datname)",
    )
    for (const name of kept) await server.sql(`DROP DATABASE ${name}`, {database: 'postgres'})
    expect(names.split('\n')).toEqual(kept.toSorted((a, b) => a.length - b.length))
  })
})

describe('the rotation after a backup', () => {
  beforeEach(() => server.sql(SMALL))

  test('does not hide by its failure that the backup is complete', async () => {
    const old = idAgo(30 * 24)
    await writeSet(rootOf(site), old, {kind: 'safety'})
    // The backup cannot be renamed to this.
    await writeFile(join(rootOf(site), `.${old}.deleted`), '')
    const run = await site.run('db:backup --rotate --json')
    const [id] = (await readdir(rootOf(site))).sort().reverse()
    expect(errorOf(run)).toMatchObject({
      code: 'backup-directory',
      exitCode: 3,
      message: expect.stringMatching(`^backup ${id} is complete, its rotation failed: .*/${old} `) as string,
    })
    expect(await report(site, ['db:verify', id!])).toMatchObject({valid: true})
    expect((await site.run('db:backup --rotate')).stdout).toContain(' is complete: ')
  })

  test('can be interrupted, and the backup is complete', async () => {
    const day = idAgo(30 * 24).slice(0, 8)
    const [, first, second] = await Promise.all(
      [0, 1, 2, 3].map(async hour => {
        const id = `${day}T0${hour}0000Z`
        await writeSet(rootOf(site), id)
        return id
      }),
    )
    // Rotation records a deletion there, and waits until somebody reads it.
    const record = join(rootOf(site), '.rotated')
    await execa('mkfifo', [record])
    const running = site.start('db:backup --rotate --json')
    await Promise.race([until(() => !existsSync(join(rootOf(site), first!))), running.ended])
    running.kill('SIGTERM')
    expect(await readFile(record, 'utf8')).toBe(`${first}\n`)
    const error = errorOf(await running.ended)
    const names = (await readdir(rootOf(site))).sort().reverse()
    expect(names).toContain(second)
    expect(error).toEqual({
      code: 'terminated',
      exitCode: 143,
      message: `backup ${names[0]} is complete, its rotation was interrupted`,
      hint: 'delete old backups: aquastream db:rotate',
    })
  })
})

const LOCKED = (name: string): RegExp =>
  new RegExp(`^127.0.0.1:\\d+/aquastream is locked by aquastream ${name} from 127.0.0.1, since \\d{4}-`)

describe('the locks of a backup and a restore', () => {
  let held: Awaited<ReturnType<typeof hold>>
  let first: Running
  const startWaiting = async (words: string): Promise<void> => {
    // With a lock for reading, only the replay waits.
    held = await hold(
      server,
      '"user".accounts',
      words.startsWith('db:backup') ? 'ACCESS EXCLUSIVE' : 'ACCESS SHARE',
    )
    first = site.start(words)
    await waitingForTable(server)
  }
  beforeEach(async () => {
    await server.sql(SMALL)
    await backup(site)
  })

  const firsts = [
    ['db:backup', 'db:backup --json'],
    ['db:restore', 'db:restore --schema user --yes --lock-timeout 60 --json'],
  ] as const
  test.each(firsts)('reject other commands while a %s is running', async (name, words) => {
    await startWaiting(words)
    for (const second of ['db:backup', 'db:restore --schema event --yes', 'db:rotate']) {
      const error = await failure(site, ...second.split(' '))
      expect(error, second).toMatchObject({code: 'busy', exitCode: 8})
      // A second restore already fails during planning, because of the lock in the database.
      const inDatabase = name === 'db:restore' && second.startsWith(name)
      expect(error.message).toMatch(
        inDatabase
          ? LOCKED(name)
          : new RegExp(
              `^${rootOf(site)} is in use by ${name} \\(pid \\d+\\) since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC$`,
            ),
      )
    }
    const error = await failure(site, 'db:backup', '--dir', 'elsewhere')
    expect(error).toMatchObject({code: 'busy', exitCode: 8})
    expect(error.message).toMatch(LOCKED(name))
    await held.release()
    const {exitCode, stdout} = await first.ended
    expect(exitCode, stdout).toBe(0)
    await backup(site)
  })

  test.each(firsts)('are released when a %s is killed', async (_, words) => {
    await startWaiting(words)
    first.kill('SIGKILL')
    await first.ended
    await held.release()
    await backup(site)
    await restore(site, '--all')
    expect((await readdir(rootOf(site))).filter(name => name.startsWith('.'))).toEqual([])
  })
})

describe('secrets', () => {
  test('no process list, output or file contains the password', async () => {
    await loadPlatform(server)
    const shown: string[] = []
    const stop = watchProcesses(line => {
      if (line.includes(server.password)) shown.push(line)
    })
    // A process that shows the password until it is found proves that the search works.
    const shows = execa(process.execPath, ['-e', 'process.stdin.resume()', server.password])
    await until(() => shown.length > 0)
    shows.stdin.end()
    await shows
    const runs = []
    for (const words of [
      'db:backup --all-schemas',
      'db:list --json',
      'db:restore --all --yes',
      'db:restore --schema missing --yes --json',
      'db:backup --schema missing',
      `db:backup --database-url ${server.url}`,
    ])
      runs.push(await site.run(words))
    const wrong = server.url.replace('/aquastream', '/no_such_database')
    runs.push(await site.run('db:backup', {env: {DATABASE_URL: wrong, DEBUG: '*'}}))
    stop()
    expect(runs.map(({exitCode}) => exitCode)).toEqual([0, 0, 0, 10, 10, 2, 4])
    // The password in --database-url is rejected.
    expect(shown.filter(line => !/stdin\.resume|--database-url/.test(line))).toEqual([])
    const texts = runs.flatMap(({stdout, stderr}) => [stdout, stderr])
    for (const {path, content} of await listTree(site.directory))
      texts.push(path, (path.endsWith('.gz') ? gunzipSync(content) : content).toString())
    texts.push(await readFile(server.logFile, 'utf8'))
    const secrets = [server.password, 'app-canary-2f7a', 'SCRAM-SHA-256$']
    for (const secret of secrets) expect(texts.filter(text => text.includes(secret))).toEqual([])
  })

  test('only the owner can access the files of backups', async () => {
    await server.sql(SMALL)
    await backup(site, '--pin', '--label', 'x')
    await restore(site, '--schema', 'user')
    const tree = await listTree(join(site.directory, 'backups'))
    expect(tree.length).toBeGreaterThan(15)
    const wrong = tree.filter(
      ({path, mode}) => mode !== (/[.\w]*(sql\.gz|json|SUMS|PINNED)$/.test(path) ? '600' : '700'),
    )
    expect(wrong.map(({path, mode}) => `${mode} ${path}`)).toEqual([])
  })
})

/** Passes all command lines of the machine to `see`, repeatedly, until the returned function is called. */
function watchProcesses(see: (line: string) => void): () => void {
  let ended = false
  const look = async (): Promise<void> => {
    while (!ended) {
      const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
      for (const pid of pids) see(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
      await sleep(5)
    }
  }
  void look()
  return () => {
    ended = true
  }
}
