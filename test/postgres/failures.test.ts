import {chown, mkdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {backup, detour, siteFor, SMALL} from '../helpers/backups.js'
import type {Run, Site} from '../helpers/cli.js'
import {majors, type ServerOptions, startPostgres, type TestServer} from '../helpers/postgres.js'
import {russianMajor, RussianLocale} from '../helpers/russian.js'
import {canMount, mountSmallDisk} from '../helpers/small-disk.js'
import {hold, waitingForTable} from '../helpers/waiting.js'

/** A server, and a site with its client tools. */
interface Place {
  server: TestServer
  /** Has a backup of all schemas. */
  site: Site
}

interface Outcome {
  code: string
  exitCode: number
  hint: string
}

interface Failure {
  what: string
  /** The SQLSTATE that the server must report; otherwise the test would prove nothing. */
  state: string
  /** Runs a command that fails and leaves the database unchanged. */
  provoke: (place: Place) => Promise<Run>
  outcome: Outcome
  /** Test it on the other major versions as well, because the SQLSTATE or the source file could be different there. */
  everywhere?: boolean
}

const NOBODY = 65_534
const OWNER = 'connect as a user with the required privileges: the owner or a superuser'
const BYPASS =
  'user reader needs BYPASSRLS, because of the row-level security of "user".accounts; grant it, or connect as a superuser'
const ELSEWHERE =
  'an object that the backup requires is missing, or an object that it creates already exists; to restore into another database, use --into'
/** The privilege for one column is sufficient to count rows, but not to dump them. */
const COLUMN_ONLY = 'GRANT USAGE ON SCHEMA "user" TO reader; GRANT SELECT (id) ON "user".accounts TO reader'
const UNREADABLE = {
  code: 'backup-failed',
  exitCode: 5,
  hint: 'user reader needs SELECT on "user".accounts; grant it, or connect as a superuser',
}

const failures: Failure[] = [
  {
    what: 'a table that stays locked',
    state: '55P03',
    async provoke({server, site}) {
      await using held = await hold(server, '"user".accounts')
      const run = await site.run('db:restore --yes --json --schema user --lock-timeout 1')
      await held.release()
      return run
    },
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'other sessions hold locks on the tables: stop the service that uses the schema, or wait longer with --lock-timeout',
    },
  },
  {
    what: 'a session that is terminated',
    state: '57P01',
    async provoke({server, site}) {
      await using held = await hold(server, '"user".accounts')
      const running = site.start('db:restore --yes --json --schema user --lock-timeout 60')
      await waitingForTable(server)
      await server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'aquastream%' AND wait_event_type = 'Lock'",
      )
      const run = await running.ended
      await held.release()
      return run
    },
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'check whether the server is running (aquastream env:status), then run the command again',
    },
  },
  {
    what: 'a user without privileges for a restore',
    state: '42501',
    provoke: place => asReader(place, 'db:restore --yes --json --schema user'),
    outcome: {code: 'restore-failed', exitCode: 6, hint: OWNER},
  },
  {
    what: 'a user that cannot create a database',
    state: '42501',
    provoke: place => asReader(place, 'db:restore --yes --json --schema user --into other --create'),
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'grant CREATEDB to the user, or connect as a superuser',
    },
  },
  {
    what: 'rows that refer to rows missing in the backup',
    state: '23503',
    async provoke({server, site}) {
      await server.sql(
        `INSERT INTO "user".accounts VALUES (51, 'new'); INSERT INTO event.events VALUES (51, 51)`,
      )
      const run = await site.run('db:restore --yes --json --schema user')
      await server.sql('DELETE FROM event.events WHERE id > 50; DELETE FROM "user".accounts WHERE id > 50')
      return run
    },
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'rows of another schema refer to rows that this backup does not contain: restore all schemas with --all, or inspect the backup in another database with --into',
    },
  },
  {
    what: 'a view of another schema that appears after the plan',
    state: 'QS001',
    async provoke({server, site}) {
      const view = 'CREATE VIEW event.names AS SELECT name FROM "user".accounts'
      const env = await detour(
        site,
        {env: {PATH: site.env.PATH!}},
        {replay: `psql -Xqc '${view}' >&2; exec /bin/sh "$@"`},
      )
      const run = await site.run('db:restore --yes --json --schema user', {env})
      await server.sql('DROP VIEW event.names')
      return run
    },
    outcome: {
      code: 'refused',
      exitCode: 9,
      hint: 'drop these objects first and recreate them afterwards, or restore into another database with --into',
    },
  },
  fromFile(
    'a table that does not exist',
    '42P01',
    'CREATE VIEW odd.v AS SELECT * FROM odd.nothing;',
    ELSEWHERE,
  ),
  fromFile('a role that does not exist', '42704', 'ALTER SCHEMA odd OWNER TO nobody_here;', ELSEWHERE),
  fromFile('a function that does not exist', '42883', 'CREATE VIEW odd.v AS SELECT odd.f();', ELSEWHERE),
  fromFile(
    'a table that already exists',
    '42P07',
    'CREATE TABLE odd.t (); CREATE TABLE odd.t ();',
    ELSEWHERE,
  ),
  fromFile(
    'a setting that this server does not support',
    '42704',
    'CREATE FUNCTION odd.f() RETURNS int LANGUAGE sql SET aquastream_setting = 0 AS $$SELECT 1$$;',
    'the archive was written by a newer pg_dump, and this server does not support it: restore it into a newer server',
  ),
  fromFile(
    'a server without memory for more locks',
    '53200',
    'CREATE MATERIALIZED VIEW odd.m AS SELECT n FROM pg_catalog.generate_series(1, 1000000) n WHERE pg_catalog.pg_try_advisory_xact_lock(n);',
    'increase max_locks_per_transaction on the server, then restart it',
  ),
  {
    what: 'a server whose disk is full',
    state: '53100',
    provoke: onFullDisk,
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'free disk space on the server, then run the command again',
    },
  },
  {
    what: 'an archive whose end was lost in transit',
    state: 'QS003',
    provoke: place => throughReplay(place, '--all', 'head -c -66 | /bin/sh "$@"'),
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'the connection was lost while the archive was being sent: run the command again',
    },
  },
  {
    what: 'fewer rows than were backed up',
    state: 'QS005',
    provoke: place =>
      throughReplay(
        place,
        '--schema user',
        `{ IFS= read -r manifest; printf %s "$manifest" | base64 -d | sed 's/"rows": *50/"rows": 51/' | base64 | tr -d '\\n'; echo; cat; } | /bin/sh "$@"`,
      ),
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'choose another backup: aquastream db:list',
    },
  },
  {
    what: 'a backup by a user who cannot read a table',
    state: '42501',
    provoke: place => asReader(place, 'db:backup --json --schema user', COLUMN_ONLY),
    outcome: UNREADABLE,
  },
  {
    what: 'a dump that fails when the rows have just been counted',
    state: '42501',
    async provoke(place) {
      const counted = join(place.site.directory, 'counted')
      // The failure of the dump ends the count, which is too late: its result is printed then.
      const env = await detour(
        place.site,
        {env: {PATH: place.site.env.PATH!}},
        {
          facts: `facts=$(/bin/sh "$@" </dev/null)
            trap 'printf "%s\\n" "$facts"; kill $!; exit 0' TERM
            sleep 60 & : >${counted}; wait`,
          dump: `until [ -e ${counted} ]; do sleep 0.01; done; exec /bin/sh "$@"`,
        },
      )
      return asReader(place, 'db:backup --json --schema user', COLUMN_ONLY, env)
    },
    outcome: UNREADABLE,
  },
  {
    what: 'a backup of a table with row-level security',
    state: '42501',
    provoke: place => withRowSecurity(place, 'db:backup --json --schema user'),
    outcome: {code: 'backup-failed', exitCode: 5, hint: BYPASS},
  },
  {
    what: 'a restore of a table with row-level security',
    state: '42501',
    provoke: place => withRowSecurity(place, 'db:restore --yes --json --schema user'),
    outcome: {code: 'restore-failed', exitCode: 6, hint: BYPASS},
  },
  {
    what: 'a backup of a table that stays locked',
    // pg_dump limits its wait by statement_timeout.
    state: '57014',
    provoke: withLockedDump,
    outcome: {
      code: 'backup-failed',
      exitCode: 5,
      hint: 'another session has locked a table for more than a minute: find it with SELECT * FROM pg_stat_activity, then run the command again',
    },
  },
  {
    what: 'a test restore on a server without disk space',
    state: '53200',
    async provoke({server, site}) {
      await server.sql(`CREATE SCHEMA greedy;
        CREATE FUNCTION greedy.f(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
          BEGIN
            IF current_database() ~ '_verify_' THEN PERFORM pg_advisory_xact_lock(n) FROM generate_series(1, 1000000) n; END IF;
            RETURN i;
          END $$;
        CREATE TABLE greedy.t AS SELECT 1 AS i;
        CREATE INDEX ON greedy.t (greedy.f(i))`)
      const {id} = await backup(site, '--schema', 'greedy')
      await server.sql('DROP SCHEMA greedy CASCADE')
      return site.run(`db:verify --restore ${id} --json`)
    },
    outcome: {
      code: 'restore-failed',
      exitCode: 6,
      hint: 'increase max_locks_per_transaction on the server, then restart it',
    },
  },
]

const locale = russianMajor === undefined ? undefined : await RussianLocale.compile()
const ENGLISH = `English, PostgreSQL ${russianMajor ?? majors()[0]}`
const RUSSIAN = ['Russian server', 'Russian server and client']
const OTHERS = majors().filter(major => major !== (russianMajor ?? majors()[0]))

const places = new Map<string, Place>()
beforeAll(async () => {
  places.set(ENGLISH, await open({major: russianMajor}))
  for (const major of OTHERS) places.set(`English, PostgreSQL ${major}`, await open({major}))
  if (!locale) return
  const {server, site} = await open({major: russianMajor, ...locale.server})
  places.set('Russian server', {server, site})
  const client = await siteFor({url: server.url, env: await locale.clients(server.bin)})
  await backup(client)
  places.set('Russian server and client', {server, site: client})
})
afterAll(async () => {
  for (const {server, site} of places.values()) {
    await site[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  }
  await locale?.[Symbol.asyncDispose]()
})

const possible = failures.filter(({state}) => state !== '53100' || canMount)
const titled = (chosen: Failure[]) => chosen.map(failure => [failure.what, failure] as const)

test.skipIf(!locale)('the server and its programs print Russian messages', async () => {
  const {server, site} = places.get('Russian server and client')!
  await expect(server.sql('SELECT 1 / 0')).rejects.toThrow('деление на ноль')
  const {stderr} = await execa('pg_dump', ['--nonsense'], {env: {PATH: site.env.PATH}, reject: false})
  expect(stderr).toContain('нераспознанный параметр')
})

describe.each([ENGLISH, ...(locale ? RUSSIAN : [])])('%s:', name => {
  test.each(titled(possible))('%s', (_, failure) => fails(failure, places.get(name)!))

  test('a damaged backup does not stop the other test restores', async () => {
    const {server, site: usual} = places.get(name)!
    await using site = await siteFor({url: server.url, env: {PATH: usual.env.PATH!}})
    const {id: good} = await backup(site)
    await server.sql('CREATE VIEW event.names AS SELECT name FROM "user".accounts')
    const {id: damaged} = await backup(site, '--schema', 'event')
    await server.sql('DROP VIEW event.names')
    const {exitCode, stdout} = await site.run('db:verify --restore --json')
    expect(JSON.parse(stdout)).toMatchObject({
      sets: [
        {id: damaged, valid: false},
        {id: good, valid: true},
      ],
    })
    expect(exitCode).toBe(7)
  })
})

describe.each(OTHERS)('English, PostgreSQL %i:', major => {
  test.each(titled(possible.filter(({everywhere}) => everywhere)))('%s', (_, failure) =>
    fails(failure, places.get(`English, PostgreSQL ${major}`)!),
  )
})

test('a missing client tool is named in the error', async () => {
  const {server} = places.get(ENGLISH)!
  await using site = await siteFor(server)
  const {id} = await backup(site, '--schema', 'event', '--format', 'custom')
  const env = await detour(site, server, {unpack: 'PATH=/nowhere exec /bin/sh "$@"'})
  const {stdout} = await site.run(`db:verify ${id} --json`, {env})
  expect(JSON.parse(stdout)).toMatchObject({
    error: {
      code: 'tool-missing',
      exitCode: 3,
      message: expect.stringContaining(
        'pg_restore, which is needed to read the archive, was not found',
      ) as string,
    },
  })
})

async function open(options: ServerOptions): Promise<Place> {
  const settings = {...options.settings, log_line_prefix: '%e '}
  const server = await startPostgres({...options, settings})
  await server.sql(SMALL)
  const site = await siteFor(server)
  await backup(site)
  return {server, site}
}

async function fails({state, provoke, outcome}: Failure, place: Place): Promise<void> {
  const {logFile} = place.server
  const before = (await readFile(logFile)).length
  const {stdout} = await provoke(place)
  const {error} = JSON.parse(stdout) as {error?: Outcome}
  expect(error, stdout).toMatchObject(outcome)
  const log = (await readFile(logFile)).subarray(before).toString()
  expect([...log.matchAll(/^([0-9A-Z]{5}) /gm)].map(([, reported]) => reported)).toContain(state)
}

/** Restores a dump that contains a failing statement. */
function fromFile(what: string, state: string, statement: string, hint: string): Failure {
  return {
    what,
    state,
    async provoke({site}) {
      await site.write('odd.sql', `${HEAD}CREATE SCHEMA odd;\n${statement}\n${TAIL}`)
      return site.run('db:restore --yes --json --schema odd --file odd.sql')
    },
    outcome: {code: 'restore-failed', exitCode: 6, hint},
    everywhere: true,
  }
}

const HEAD = '--\n-- PostgreSQL database dump\n--\n\n'
const TAIL = '\n--\n-- PostgreSQL database dump complete\n--\n\n'

/** Runs a command as a user who owns nothing, by default with the privilege to read everything. */
async function asReader(
  {server, site}: Place,
  words: string,
  grants = 'GRANT pg_read_all_data TO reader',
  env?: {PATH: string},
): Promise<Run> {
  await server.sql(`CREATE ROLE reader LOGIN PASSWORD 'reader'; ${grants}`)
  const url = new URL(server.url)
  url.username = url.password = 'reader'
  const run = await site.run(words, {env: {...env, DATABASE_URL: url.href}})
  await server.sql('DROP OWNED BY reader; DROP ROLE reader')
  return run
}

/** Runs a command as a user to whom row-level security applies, as it does to the owner. */
async function withRowSecurity(place: Place, words: string): Promise<Run> {
  const {sql} = place.server
  await sql('ALTER TABLE "user".accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')
  const run = await asReader(place, words)
  await sql('ALTER TABLE "user".accounts DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY')
  return run
}

/** Restores with a script of the test in place of restore.sh. */
async function throughReplay({site}: Place, what: string, script: string): Promise<Run> {
  const env = await detour(site, {env: {PATH: site.env.PATH!}}, {replay: script})
  return site.run(`db:restore --yes --json ${what}`, {env})
}

/** Backs up a schema with a table that is locked after the snapshot; pg_dump waits a second for it. */
async function withLockedDump({server, site}: Place): Promise<Run> {
  const lock = 'BEGIN; LOCK TABLE "user".accounts; SELECT pg_sleep(60)'
  const held =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep'"
  const script = `
    PGAPPNAME=holder psql -Xqc '${lock}' </dev/null >/dev/null 2>&1 &
    until [ "$(psql -XAtqc "${held}" </dev/null)" = 1 ]; do sleep 0.1; done
    text=$(printf '%s\\n' "$2" | sed 's/lock_wait=[^ ]*$/lock_wait=1/')
    shift 2
    exec /bin/sh -c "$text" "$@"`
  const env = await detour(site, {env: {PATH: site.env.PATH!}}, {dump: script})
  const run = await site.run('db:backup --json --schema user', {env})
  await server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'")
  return run
}

/** Restores more data than the disk of the server can store. */
async function onFullDisk({server, site}: Place): Promise<Run> {
  await using disk = await mountSmallDisk(join(server.directory, 'small'), 24 * 1024 ** 2)
  const tablespace = join(disk.path, 'tablespace')
  await mkdir(tablespace)
  await chown(tablespace, NOBODY, NOBODY)
  await server.sql(`CREATE TABLESPACE small LOCATION '${tablespace}'`)
  await server.sql('CREATE DATABASE cramped TABLESPACE small')
  const rows = `CREATE TABLE odd.t AS SELECT pg_catalog.repeat('x', 1000) FROM pg_catalog.generate_series(1, 100000);`
  await site.write('odd.sql', `${HEAD}CREATE SCHEMA odd;\n${rows}\n${TAIL}`)
  const run = await site.run('db:restore --yes --json --schema odd --file odd.sql --into cramped')
  await server.sql('DROP DATABASE cramped WITH (FORCE)')
  await server.sql('DROP TABLESPACE small')
  return run
}
