import {existsSync} from 'node:fs'
import {chown, copyFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile} from 'node:fs/promises'
import {basename, join, resolve} from 'node:path'
import {stripVTControlCharacters} from 'node:util'
import {execa} from 'execa'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {
  backup,
  failure,
  listTree,
  report,
  restore,
  rootOf,
  runPrinted,
  siteFor,
  SMALL,
} from '../helpers/backups.js'
import {expectDone, type Site} from '../helpers/cli.js'
import {describe as describeDatabase, type Description, differences} from '../helpers/compare-databases.js'
import {majors, startPostgres, type TestServer} from '../helpers/postgres.js'
import {idAgo, writeSet} from '../helpers/sets.js'
import {hold} from '../helpers/waiting.js'
import type {WrittenSet} from '../../src/backup/dump/write-set.js'
import type {RestorePreview} from '../../src/backup/restore/preview.js'

const RESTORE_SH = resolve(import.meta.dirname, '../../infra/backup/restore.sh')

const WRECK = `
  DELETE FROM payment.payments; DELETE FROM event.events WHERE id > 10; DELETE FROM "user".accounts WHERE id > 10;
  ALTER TABLE "user".accounts ADD COLUMN wrecked int;`

let server: TestServer
let site: Site
let before: Description
let small: Description
beforeAll(async () => {
  server = await startPostgres()
  await server.sql(SMALL)
  small = await describeDatabase(server)
  await server.sql('ALTER DATABASE aquastream RENAME TO small', {database: 'postgres'})
})
beforeEach(async () => {
  await server.sql(
    `DROP DATABASE IF EXISTS aquastream WITH (FORCE);
    CREATE DATABASE aquastream TEMPLATE small`,
    {database: 'postgres'},
  )
  before = small
  site = await siteFor(server)
  return () => site[Symbol.asyncDispose]()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Returns the differences from the state before the test, usually none. */
async function changes(database?: string): Promise<string[]> {
  const without = database === undefined ? [] : ['database', 'roles']
  const after = await describeDatabase(server, database, {without})
  return differences(
    Object.fromEntries(Object.entries(before).filter(([name]) => !without.includes(name))),
    after,
  )
}

describe('names', () => {
  test.each([
    '*',
    'user; drop table x',
    'user"',
    "user'; --",
    'use?',
    '[u]ser',
    'user.accounts',
    ' user',
    'USER',
  ])('the schema %j is not interpreted as a pattern', async schema => {
    await backup(site)
    const sets = await listTree(rootOf(site))
    for (const command of [['db:backup'], ['db:restore', '--yes']]) {
      const error = await failure(site, ...command, '--schema', schema)
      expect(error).toMatchObject({code: 'no-such-schema', exitCode: 10})
      expect(error.message).toContain(JSON.stringify(schema))
    }
    expect(await changes()).toEqual([])
    expect(await listTree(rootOf(site))).toEqual(sets)
  })
})

describe('another database', () => {
  beforeEach(() => server.sql('DROP DATABASE IF EXISTS "Other; db" WITH (FORCE)', {database: 'postgres'}))

  test('a restore creates it and restores everything', async () => {
    await backup(site)
    const {undo} = await restore(site, '--all', '--into', 'Other; db', '--create')
    expect(undo).toBeUndefined()
    expect(await changes('Other; db')).toEqual([])
    expect(await changes()).toEqual([])
  })

  test('an existing one is backed up first and replaced', async () => {
    await backup(site)
    await server.sql('CREATE DATABASE "Other; db" TEMPLATE aquastream', {database: 'postgres'})
    await server.sql(WRECK, {database: 'Other; db'})
    const wrecked = await describeDatabase(server, 'Other; db')
    const {undo} = await restore(site, '--all', '--into', 'Other; db')
    expect(await changes('Other; db')).toEqual([])
    const run = await runPrinted(site, undo!.command, '--yes')
    expect(run.exitCode, run.stderr).toBe(0)
    expect(differences(wrecked, await describeDatabase(server, 'Other; db'))).toEqual([])
    expect(await changes()).toEqual([])
  })

  test('a missing one is not created without --create', async () => {
    await backup(site)
    const error = await failure(site, 'db:restore', '--all', '--yes', '--into', 'Other; db')
    expect(error).toMatchObject({
      code: 'usage',
      exitCode: 2,
      message: expect.stringContaining('database "Other; db" does not exist on 127.0.0.1:') as string,
      hint: 'add --create to create it',
    })
    expect(await databases()).not.toContain('Other; db')
  })

  test('schemas that refer to each other both ways come back', async () => {
    await server.sql(`
      CREATE VIEW "user".of_events AS SELECT * FROM event.events;
      CREATE VIEW event.of_accounts AS SELECT id FROM "user".accounts;
      CREATE MATERIALIZED VIEW "user".counted AS SELECT count(*) AS n FROM event.of_accounts;
      CREATE TYPE event.mood AS ENUM ('calm', 'windy');
      CREATE FUNCTION event.is_mood(t text) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT t IN ('calm', 'windy'); END;
      CREATE FUNCTION "user".names() RETURNS SETOF event.of_accounts LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM event.of_accounts; END;
      CREATE TABLE "user".moods (m event.mood DEFAULT 'calm', t text CHECK (event.is_mood(t)));
      CREATE TABLE event.of_user (a "user".accounts, n bigint GENERATED ALWAYS AS IDENTITY);
      INSERT INTO "user".moods (t) VALUES ('windy');
      CREATE RULE quiet AS ON DELETE TO event.of_user DO INSTEAD UPDATE "user".moods SET t = 'calm';
      CREATE VIEW "user".by_key AS SELECT a.*, count(*) AS n FROM "user".accounts a GROUP BY a.id;
      CREATE VIEW event.by_key AS SELECT e.*, count(*) AS n FROM event.events e GROUP BY e.id;
      CREATE MATERIALIZED VIEW "user".of_event_keys AS SELECT * FROM event.by_key;
      CREATE MATERIALIZED VIEW event.of_user_keys AS SELECT * FROM "user".by_key;`)
    await expectAllBack()
  })

  test('tables that need primary keys of other tables come back', async () => {
    await server.sql(`
      CREATE MATERIALIZED VIEW crew.by_key AS SELECT a.*, count(*) AS n FROM "user".accounts a GROUP BY a.id;
      CREATE FUNCTION crew.groups() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM crew.by_key; END;
      CREATE MATERIALIZED VIEW event.by_key AS SELECT e.*, count(*) AS n FROM event.events e GROUP BY e.id;
      CREATE FUNCTION event.groups() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM event.by_key; END;
      CREATE FUNCTION crew.add() RETURNS int LANGUAGE sql
        BEGIN ATOMIC INSERT INTO payment.payments VALUES (1) ON CONFLICT ON CONSTRAINT payments_pkey DO NOTHING RETURNING id; END;
      CREATE TABLE media.counts (a bigint DEFAULT crew.groups(), e bigint DEFAULT event.groups(), p int DEFAULT crew.add());
      CREATE TABLE media.groups (g crew.by_key, CHECK ((g).n < 2));
      CREATE TABLE "user".parts (id int PRIMARY KEY, n bigint) PARTITION BY LIST (id);
      CREATE TABLE event.part (id int CONSTRAINT part_key PRIMARY KEY, n bigint DEFAULT crew.groups());
      ALTER TABLE "user".parts ATTACH PARTITION event.part FOR VALUES IN (1);
      INSERT INTO media.counts DEFAULT VALUES;
      INSERT INTO media.groups SELECT b FROM crew.by_key b;
      INSERT INTO event.part VALUES (1)`)
    await expectAllBack()
  })

  test('extensions that require each other come back in any order', async () => {
    await server.sql(`
      CREATE SCHEMA tools;
      CREATE EXTENSION cube SCHEMA event;
      CREATE EXTENSION earthdistance SCHEMA tools;
      CREATE EXTENSION fuzzystrmatch SCHEMA pg_catalog;
      CREATE TABLE "user".places (at tools.earth)`)
    await expectAllBack()
  })

  test('a schema public of functions and types is backed up, or named', async () => {
    await server.sql(`
      CREATE FUNCTION public.norm(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
      CREATE TYPE public.mood AS ENUM ('calm');
      CREATE TABLE "user".normed (t text CHECK (public.norm(t) = t), m public.mood);`)
    const whole = await describeDatabase(server)
    const run = await site.run('db:backup')
    expect(run.stderr).toContain('skipped, not part of the platform: public (add --all-schemas)')
    await backup(site, '--all-schemas')
    await restore(site, '--all', '--into', 'Other; db', '--create')
    expect(differences(whole, await describeDatabase(server, 'Other; db'))).toEqual([])
  })

  test('foreign keys to missing schemas are skipped', async () => {
    await backup(site)
    const {skippedForeignKeys} = await restore(site, '--schema', 'event', '--into', 'Other; db', '--create')
    expect(skippedForeignKeys).toEqual(['events_organiser_fkey'])
    expect(await server.sql('SELECT count(*) FROM event.events', {database: 'Other; db'})).toBe('50')
  })

  test('a created one is dropped if the restore fails', async () => {
    await server.sql('CREATE VIEW event.names AS SELECT name FROM "user".accounts')
    await backup(site)
    const words = ['--schema', 'event', '--into', 'Other; db', '--create', '--yes']
    const error = await failure(site, 'db:restore', ...words)
    expect(error).toMatchObject({
      code: 'restore-failed',
      exitCode: 6,
      message: 'nothing was changed: relation "user.accounts" does not exist',
    })
    expect(await databases()).not.toContain('Other; db')
  })

  /** Restores everything into another database, into a scratch database, and in place after the loss of two schemas. */
  async function expectAllBack(): Promise<void> {
    const whole = await describeDatabase(server)
    await backup(site)
    await restore(site, '--all', '--into', 'Other; db', '--create')
    expect(differences(whole, await describeDatabase(server, 'Other; db'))).toEqual([])
    const {stdout} = await site.run('db:verify --restore --json')
    expect(JSON.parse(stdout)).toMatchObject({valid: true})
    await server.sql('DROP SCHEMA "user", event CASCADE')
    await restore(site, '--all')
    expect(differences(whole, await describeDatabase(server))).toEqual([])
  }

  async function databases(): Promise<string[]> {
    return (await server.sql('SELECT datname FROM pg_database')).split('\n')
  }
})

test.each(majors())('PostgreSQL %s creates a database with the locale of the current one', async major => {
  await using other = await startPostgres({major})
  const hasIcu = (await other.sql("SELECT count(*) FROM pg_collation WHERE collname = 'ru-x-icu'")) === '1'
  const builtin = major < 17 ? '' : "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
  const provider = hasIcu ? "LOCALE_PROVIDER icu ICU_LOCALE 'ru'" : builtin
  // The default template counts bytes, so that five Cyrillic letters do not fit in varchar(5).
  await other.sql(`
    UPDATE pg_database SET datistemplate = false WHERE datname = 'template1';
    DROP DATABASE template1;
    CREATE DATABASE template1 TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';
    CREATE DATABASE boats TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8' ${provider}`)
  await other.sql(`CREATE SCHEMA crew; CREATE TABLE crew.boats AS SELECT 'весло'::varchar(5) AS name`, {
    database: 'boats',
  })
  await using place = await siteFor({url: other.url.replace(/aquastream$/, 'boats'), env: other.env})
  await backup(place, '--schema', 'crew')
  expect(await report(place, ['db:verify', '--restore'])).toMatchObject({valid: true})
  await restore(place, '--schema', 'crew', '--into', 'look', '--create')
  const locales = await other.sql(`
    SELECT count(*), count(DISTINCT to_jsonb(d) - '{oid,datname,datfrozenxid,datminmxid,datcollversion}'::text[])
    FROM pg_database d WHERE datname IN ('boats', 'look')`)
  expect(locales).toBe('2|1')
})

describe('objects that other schemas would lose', () => {
  const holders: [what: string, sql: string, named: string][] = [
    ['view', 'CREATE VIEW event.names AS SELECT name FROM "user".accounts', 'view event.names'],
    [
      'materialized view',
      'CREATE MATERIALIZED VIEW event.m AS SELECT id FROM "user".accounts',
      'materialized view event.m',
    ],
    [
      'function with a parsed body',
      'CREATE FUNCTION event.n() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM "user".accounts; END',
      'function event.n()',
    ],
    ['column type', 'CREATE TABLE event.s (state "user".state)', 'column state of table event.s'],
    [
      'default',
      `ALTER TABLE event.events ADD COLUMN f text DEFAULT "user".fold('X')`,
      'default value for column f of table event.events',
    ],
    [
      'check',
      `ALTER TABLE event.events ADD CONSTRAINT low CHECK ("user".fold(title) <> '')`,
      'constraint low on table event.events',
    ],
    ['index', 'CREATE INDEX folded ON event.events ("user".fold(title))', 'index event.folded'],
    [
      'policy',
      `CREATE POLICY low ON event.events USING ("user".fold(title) <> '')`,
      'policy low on table event.events',
    ],
    [
      'partition',
      'CREATE TABLE "user".p (id int) PARTITION BY LIST (id); CREATE TABLE event.p PARTITION OF "user".p DEFAULT',
      'table event.p',
    ],
    ['child', 'CREATE TABLE event.child () INHERITS ("user".accounts)', 'table event.child'],
    ['domain', `CREATE DOMAIN event.d AS text CHECK ("user".fold(VALUE) <> '')`, 'constraint d_check'],
  ]
  test.each(holders)('a restore is refused because of a %s', async (_, sql, named) => {
    await backup(site)
    await server.sql(sql)
    before = await describeDatabase(server)
    const sets = await listTree(rootOf(site))
    const error = await failure(site, 'db:restore', '--schema', 'user', '--yes')
    expect(error).toMatchObject({
      code: 'refused',
      exitCode: 9,
      message: expect.stringContaining('other schemas depend on "user" and would lose: ') as string,
      hint: 'drop these objects first and recreate them afterwards, or restore into another database with --into',
    })
    expect(error.message).toContain(named)
    expect(await changes()).toEqual([])
    expect(await listTree(rootOf(site))).toEqual(sets)
  })

  test('a restore is refused because of a subscription', async () => {
    await backup(site)
    // A subscription to the same server, which is not started: only its list of tables is needed.
    await server.sql(`CREATE PUBLICATION everything FOR TABLE "user".accounts;
      DO $$BEGIN EXECUTE format('CREATE SUBSCRIPTION copies CONNECTION %L PUBLICATION everything WITH (create_slot = false, slot_name = NONE, enabled = false)',
        format('host=%s port=%s dbname=aquastream user=aquastream', current_setting('unix_socket_directories'), current_setting('port'))); END$$`)
    const error = await failure(site, 'db:restore', '--schema', 'user', '--yes')
    await server.sql('DROP SUBSCRIPTION copies; DROP PUBLICATION everything')
    expect(error).toMatchObject({
      code: 'refused',
      exitCode: 9,
      message: 'other schemas depend on "user" and would lose: subscription copies of table "user".accounts',
    })
    expect(await changes()).toEqual([])
  })

  test('rows that refer to missing rows prevent the restore', async () => {
    await backup(site)
    await server.sql(
      `INSERT INTO "user".accounts VALUES (51, 'new'); INSERT INTO event.events VALUES (51, 51)`,
    )
    before = await describeDatabase(server)
    const error = await failure(site, 'db:restore', '--schema', 'user', '--yes')
    expect(error).toMatchObject({
      code: 'restore-failed',
      exitCode: 6,
      hint: 'rows of another schema refer to rows that this backup does not contain: restore all schemas with --all, or inspect the backup in another database with --into',
    })
    expect(error.message).toContain('violates foreign key constraint "events_organiser_fkey"')
    expect(await changes()).toEqual([])
  })

  test('foreign keys lost with a dropped schema are reported', async () => {
    await backup(site)
    await server.sql('DROP SCHEMA "user" CASCADE')
    const {stdout} = await site.run('db:restore --schema user --dry-run')
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'foreign keys of other schemas that exist only in the backup are not created: events_organiser_fkey on event.events, payments_account_fkey on payment.payments',
    )
  })

  test('triggers and foreign keys of other schemas are recreated', async () => {
    await server.sql(`
      CREATE FUNCTION "user".watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER "Watch it" AFTER UPDATE OF title ON event.events FOR EACH ROW WHEN (OLD.title <> 'a') EXECUTE FUNCTION "user".watch('x');
      ALTER TABLE event.events ENABLE ALWAYS TRIGGER "Watch it";
      COMMENT ON TRIGGER "Watch it" ON event.events IS 'kept';
      CREATE TABLE payment.parts (id int) PARTITION BY LIST (id);
      CREATE TABLE payment.parts_rest PARTITION OF payment.parts DEFAULT;
      CREATE TRIGGER every AFTER INSERT ON payment.parts FOR EACH ROW EXECUTE FUNCTION "user".watch();
      CREATE CONSTRAINT TRIGGER late AFTER DELETE ON payment.payments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "user".watch();
      ALTER TABLE payment.payments DISABLE TRIGGER ALL;
      ALTER TABLE payment.parts_rest DISABLE TRIGGER every;
      COMMENT ON CONSTRAINT payments_account_fkey ON payment.payments IS 'kept too'`)
    before = await describeDatabase(server)
    await backup(site)
    const {foreignKeys, triggers, lockedTables} = await report<RestorePreview>(site, [
      'db:restore',
      '--schema',
      'user',
      '--dry-run',
    ])
    expect(lockedTables).toEqual(['event.events', 'payment.parts', 'payment.parts_rest', 'payment.payments'])
    expect(foreignKeys).toEqual([
      'events_organiser_fkey of event.events',
      'payments_account_fkey of payment.payments',
    ])
    expect(triggers).toEqual([
      'Watch it of event.events',
      'late of payment.payments',
      'every of payment.parts',
    ])
    await server.sql('ALTER TABLE "user".accounts ADD COLUMN wrecked int')
    await restore(site, '--schema', 'user')
    expect(await changes()).toEqual([])
  })
})

describe('a table of another schema that stays locked', () => {
  const HINT = expect.stringContaining('--lock-timeout') as string
  const LOCKED = {
    exitCode: 6,
    message: 'nothing was changed: canceling statement due to lock timeout',
    hint: HINT,
  }
  let archive: string
  beforeEach(async () => {
    const {path, id} = await backup(site, '--schema', 'payment')
    archive = join(path, `payment_${id}.sql.gz`)
  })

  test.each(['db:restore', 'db:restore --file', 'restore.sh'])('ends %s of a dropped schema', async how => {
    await server.sql('DROP SCHEMA payment CASCADE')
    // A foreign key of the archive refers to it.
    await using held = await hold(server, '"user".accounts', 'ROW EXCLUSIVE')
    const file = join(site.directory, 'payment.sql.gz')
    await copyFile(archive, file)
    if (how === 'restore.sh') {
      const env = {...server.env, ...server.connection, LOCK_TIMEOUT: '1'}
      const run = await execa('dash', [RESTORE_SH, 'payment', file], {env, reject: false})
      expect(run).toMatchObject({exitCode: 6, stderr: expect.stringContaining('lock timeout') as string})
    } else {
      const source = how === 'db:restore' ? [] : ['--file', file]
      const words = ['--schema', 'payment', '--yes', '--lock-timeout', '1', ...source]
      expect(await failure(site, 'db:restore', ...words)).toMatchObject(LOCKED)
    }
    await held.release()
    expect(await server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'payment'")).toBe('0')
  })
})

describe('the content of a schema', () => {
  const contents: [what: string, sql: string][] = [
    [
      'expressions that look like variables of psql',
      `CREATE TABLE media.slices (a int[], xid int, schemas int, lock_timeout int, free int,
        first int[] GENERATED ALWAYS AS (a[1:xid]) STORED);
      CREATE VIEW media.v AS SELECT a[1:schemas], a[1:lock_timeout] AS b, a[1:free] AS c FROM media.slices;
      INSERT INTO media.slices VALUES ('{1,2,3}', 2, 2, 2, 2)`,
    ],
    [
      'types of an extension that another schema uses',
      "CREATE EXTENSION citext SCHEMA media; CREATE TABLE event.tags (tag media.citext); INSERT INTO event.tags VALUES ('A')",
    ],
    [
      'types and indexes that need a primary key',
      `CREATE TABLE media.keyed (id int PRIMARY KEY, name text); INSERT INTO media.keyed VALUES (1, 'a');
      CREATE MATERIALIZED VIEW media.by_key AS SELECT k.*, count(*) AS n FROM media.keyed k GROUP BY k.id;
      CREATE FUNCTION media.plus(int) RETURNS bigint IMMUTABLE BEGIN ATOMIC SELECT $1 + count(*) FROM media.by_key; END;
      CREATE TABLE media.groups (id int, g media.by_key); CREATE INDEX ON media.groups (media.plus(id));
      INSERT INTO media.groups SELECT 1, b FROM media.by_key b`,
    ],
    [
      'tables and indexes in a tablespace',
      `CREATE TABLE media.here (id int); CREATE TABLE media.there (id int PRIMARY KEY USING INDEX TABLESPACE elsewhere) TABLESPACE elsewhere;
      CREATE INDEX ON media.here (id) TABLESPACE elsewhere; CREATE INDEX ON media.there (id)`,
    ],
  ]
  beforeAll(async () => {
    const place = join(server.directory, 'elsewhere')
    await mkdir(place)
    const {uid, gid} = await stat(server.directory)
    await chown(place, uid, gid)
    await server.sql(`CREATE TABLESPACE elsewhere LOCATION '${place}'`)
  })

  test.each(contents)('%s are restored with all schemas', async (_, sql) => {
    await server.sql(sql)
    before = await describeDatabase(server)
    await backup(site)
    await server.sql('DROP SCHEMA media, event CASCADE')
    await restore(site, '--all')
    expect(await changes()).toEqual([])
  })

  const alone: typeof contents = [
    ...contents.filter(([, sql]) => !sql.includes('event.')),
    // No archive contains these: restore.sh records them before it drops the schema.
    [
      'statistics on a table of another schema',
      'CREATE STATISTICS media.names (mcv) ON id, name FROM "user".accounts',
    ],
  ]
  test.each(alone)('%s are restored with their schema', async (_, sql) => {
    await server.sql(sql)
    before = await describeDatabase(server)
    await backup(site)
    await server.sql('CREATE TABLE media.intruder ()')
    await restore(site, '--schema', 'media')
    expect(await changes()).toEqual([])
  })

  test('revoked privileges on the schema public stay revoked', async () => {
    await server.sql('DROP SCHEMA public; CREATE SCHEMA public; CREATE TABLE public.t ()')
    before = await describeDatabase(server)
    await backup(site, '--all-schemas')
    for (const what of [['--schema', 'public'], ['--all']]) {
      await server.sql('GRANT USAGE ON SCHEMA public TO PUBLIC')
      await restore(site, ...what)
      expect(await changes()).toEqual([])
    }
  })

  test('an extension in its own schema is created as well', async () => {
    await server.sql(
      'CREATE SCHEMA tools; CREATE EXTENSION citext SCHEMA tools; CREATE TABLE media.tags (tag tools.citext)',
    )
    await backup(site)
    await server.sql('DROP DATABASE IF EXISTS bare WITH (FORCE)', {database: 'postgres'})
    await restore(site, '--all', '--into', 'bare', '--create')
    before = await describeDatabase(server)
    expect(await changes('bare')).toEqual([])
  })
})

test('roles with odd names come back with their memberships', async () => {
  const drop = 'DROP ROLE IF EXISTS "a GRANTED BY b", pupil'
  try {
    await server.sql(String.raw`CREATE ROLE "a GRANTED BY b"; CREATE ROLE pupil; GRANT "a GRANTED BY b" TO pupil;
      COMMENT ON ROLE pupil IS 'it''s; \'`)
    before = await describeDatabase(server)
    await backup(site)
    await server.sql(drop)
    expect((await restore(site, '--all')).roles.sort()).toEqual(['a GRANTED BY b', 'pupil'])
    expect(await changes()).toEqual([])
  } finally {
    await server.sql(drop)
  }
})

test('a terminal of 0 columns asks without moving the cursor', async () => {
  await backup(site)
  const asked = 'Type "media" to continue:'
  const refused = await site.runInTerminal('db:restore --schema media', 0, [[asked, 'medi\r']])
  expect(refused.exitCode, refused.stdout).toBe(9)
  const interrupted = await site.runInTerminal('db:restore --schema media', 0, [[asked, '\u0003']])
  expect(interrupted.exitCode, interrupted.stdout).toBe(130)
  expect(interrupted.stdout).toMatch(/^error: interrupted; nothing was changed/m)
  const confirmed = await site.runInTerminal('db:restore --schema media', 0, [[asked, 'media\r']])
  expect(confirmed.exitCode, confirmed.stdout).toBe(0)
  for (const {stdout} of [refused, interrupted, confirmed])
    expect(stdout).toBe(stripVTControlCharacters(stdout))
})

describe('the choice of the backup', () => {
  test('a schema created before the confirmation is backed up', async () => {
    await backup(site)
    await server.sql('DROP SCHEMA media')
    const {exitCode, stdout} = await site.runInTerminal('db:restore --schema media', 100, [
      [
        'Type "media" to continue:',
        async () => {
          await server.sql('CREATE SCHEMA media; CREATE TABLE media.made AS SELECT 7 AS n')
          return 'media\r'
        },
      ],
    ])
    expect(exitCode, stdout).toBe(0)
    expect(stdout).toContain('No safety backup is needed: there is no data to replace.')
    expect(await changes()).toEqual([])
    const [undo] = /aquastream db:restore --schema media --from .*/.exec(stdout) ?? []
    const run = await runPrinted(site, undo!.trim(), '--yes')
    expect(run.exitCode, run.stderr).toBe(0)
    expect(await server.sql('SELECT n FROM media.made')).toBe('7')
  })

  test('the undo command restores the state before the restore', async () => {
    const {id} = await backup(site)
    await server.sql(WRECK)
    const wrecked = await describeDatabase(server)
    const {undo, from} = await restore(site, '--all')
    expect(from).toBe(id)
    expect(await changes()).toEqual([])
    expect(undo!.command).toBe(`aquastream db:restore --all --from ${undo!.id} --profile dev`)
    expect(undo!.variables).toEqual(['DATABASE_URL'])
    const run = await runPrinted(site, undo!.command, '--yes')
    expect(run.exitCode, run.stderr).toBe(0)
    expect(differences(wrecked, await describeDatabase(server))).toEqual([])
  })

  test('the undo command names the settings file of the restore', async () => {
    const [here, etc] = [site.directory, join(site.directory, "it's etc")]
    await mkdir(etc)
    await site.write('.env', 'DATABASE_URL=postgresql://nobody@127.0.0.1:1/elsewhere\n')
    await site.write("it's etc/prod.env", `DATABASE_URL=${server.url}\nBACKUP_DIR=${here}/kept\n`)
    delete site.env.DATABASE_URL
    const file = ['--env-file', join(etc, 'prod.env')]
    await backup(site, ...file)
    await server.sql(WRECK)
    const wrecked = await describeDatabase(server)
    const restores = [
      async () => (await restore(site, '--all', ...file)).undo!.command,
      async () => {
        const {stdout} = await site.succeed(['db:restore', '--all', '--yes', ...file])
        return /To undo this restore:\s+(.*)/.exec(stdout)![1]!
      },
    ]
    for (const restoreAll of restores) {
      const undo = await restoreAll()
      expect(await changes()).toEqual([])
      expectDone(await runPrinted(site, undo, '--yes'))
      expect(differences(wrecked, await describeDatabase(server))).toEqual([])
    }
  })

  test('the undo command quotes the name of a schema', async () => {
    const schema = `it's "odd"; $HOME`
    await server.sql(
      `CREATE SCHEMA "it's ""odd""; $HOME"; CREATE TABLE "it's ""odd""; $HOME".t AS SELECT 1 AS n`,
    )
    before = await describeDatabase(server)
    await backup(site, '--schema', schema)
    await server.sql(`INSERT INTO "it's ""odd""; $HOME".t VALUES (2)`)
    const wrecked = await describeDatabase(server)
    const {undo} = await restore(site, '--schema', schema)
    expect(await changes()).toEqual([])
    const run = await runPrinted(site, undo!.command, '--yes')
    expect(run.exitCode, run.stderr).toBe(0)
    expect(differences(wrecked, await describeDatabase(server))).toEqual([])
  })

  test('latest does not mean a safety backup', async () => {
    const {id} = await backup(site)
    const {undo} = await restore(site, '--schema', 'user')
    expect(undo!.id > id).toBe(true)
    expect((await restore(site, '--schema', 'user')).from).toBe(id)
  })

  test('latest skips and names a newer damaged backup', async () => {
    const {id: good} = await backup(site)
    const {id, path} = await backup(site)
    await rm(join(path, `user_${id}.sql.gz`))
    const {stdout} = await site.run('db:restore --schema user --dry-run')
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `Note: the newer backup ${id} is damaged and was skipped: user_${id}.sql.gz is missing.`,
    )
    expect(stdout).toContain(`will be replaced with backup ${good}`)
  })

  test('all schemas come from the newest backup that has them', async () => {
    const {id} = await backup(site)
    const {id: narrower} = await backup(site, '--schema', 'user')
    await server.sql('DROP SCHEMA "user", event CASCADE')
    for (const more of [[], ['--at', '2100-01-01']]) {
      const run = await site.succeed(['db:restore', '--all', '--yes', '--json', ...more])
      expect(JSON.parse(run.stdout)).toMatchObject({from: id})
      expect(run.stderr).toContain(`note: the newer backup ${narrower} has only user and was skipped\n`)
      expect(await changes()).toEqual([])
    }
    expect((await restore(site, '--all', '--from', narrower)).schemas).toEqual(['user'])
  })

  test('schemas that no newest backup has are named', async () => {
    const {id: first} = await backup(site, '--schema', 'event', '--schema', 'crew')
    const {id} = await backup(site, '--schema', 'user')
    const {stdout} = await site.succeed('db:restore --all --dry-run')
    expect(stdout).toContain(`will be replaced with backup ${id}`)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `Note: this backup does not have event (newest backup: ${first}), crew (newest backup: ${first}), payment, notification, media.`,
    )
  })

  test('the newest backup of another database is refused', async () => {
    await server.sql('DROP DATABASE IF EXISTS copy', {database: 'postgres'})
    await server.sql('CREATE DATABASE copy TEMPLATE aquastream', {database: 'postgres'})
    const env = {DATABASE_URL: server.url.replace(/\/aquastream$/, '/copy')}
    const {id} = JSON.parse((await site.run('db:backup --json', {env})).stdout) as WrittenSet
    const words = ['db:restore', '--schema', 'user', '--yes']
    for (const more of [[], ['--at', '2100-01-01']])
      expect(await failure(site, ...words, ...more)).toEqual({
        exitCode: 9,
        code: 'refused',
        message: `the newest backup in ${rootOf(site)}, ${id}, is a backup of another database: copy`,
        hint: 'select a backup with --from; list the backups: aquastream db:list',
      })
    expect(await changes()).toEqual([])
    const run = await site.run(`db:restore --schema user --dry-run --from ${id}`)
    expect(run.stdout).toContain('this is a backup of another database: copy')
    expect((await restore(site, '--schema', 'user', '--from', id)).from).toBe(id)
  })

  test('a prefix of an ID or a time selects it', async () => {
    const {id: first} = await backup(site)
    await server.sql("UPDATE event.events SET title = 'second'")
    const {id: second} = await backup(site)
    const time = second.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z')
    const justBefore = new Date(Date.parse(time) - 1).toISOString()
    const preview = async (...words: string[]): Promise<string> =>
      (await report<RestorePreview>(site, ['db:restore', '--schema', 'event', '--dry-run', ...words])).from
    expect(await preview('--at', time)).toBe(second)
    expect(await preview('--at', justBefore)).toBe(first)
    expect(await preview('--from', first.slice(0, 15))).toBe(first)
    expect(await failure(site, 'db:restore', '--all', '--from', first.slice(0, 4))).toMatchObject({
      exitCode: 10,
      message: `${first.slice(0, 4)} matches 2 backups in ${rootOf(site)}`,
    })
    expect(await failure(site, 'db:restore', '--all', '--at', '2020-01-01')).toMatchObject({exitCode: 10})
    expect(await failure(site, 'db:restore', '--all', '--at', 'noon')).toMatchObject({exitCode: 2})
  })

  test('a dry run shows the plan without any change', async () => {
    await backup(site)
    await server.sql(`INSERT INTO "user".accounts VALUES (51, 'new')`)
    before = await describeDatabase(server)
    const sets = await listTree(site.directory)
    const preview = await report<RestorePreview>(site, ['db:restore', '--schema', 'user', '--dry-run'])
    expect(preview.schemas).toEqual([
      {schema: 'user', exists: true, tables: [{name: 'accounts', now: 51, then: 50}]},
    ])
    const {stdout, exitCode} = await site.run('db:restore --schema user --dry-run')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('events_organiser_fkey of event.events')
    expect(await changes()).toEqual([])
    expect(await listTree(site.directory)).toEqual(sets)
  })

  test('without --yes and a terminal, a restore is refused', async () => {
    await backup(site)
    const sets = await listTree(site.directory)
    const error = await failure(site, 'db:restore', '--schema', 'user')
    expect(error).toMatchObject({code: 'refused', exitCode: 9, hint: 'to confirm, add --yes'})
    expect(await changes()).toEqual([])
    expect(await listTree(site.directory)).toEqual(sets)
  })
})

describe('an archive from elsewhere', () => {
  let dump: (file: string, ...args: string[]) => Promise<string>
  beforeEach(() => {
    dump = async (file, ...args) => {
      const path = join(site.directory, file)
      const url = ['-h', server.directory, '-p', String(server.port), '-U', 'aquastream', '-d', 'aquastream']
      await execa(join(server.bin, 'pg_dump'), [...url, '-n', 'user', '-f', path, ...args])
      return path
    }
  })

  const kinds: [kind: string, make: () => Promise<string>][] = [
    ['plain', () => dump('user.sql')],
    ['gzip', () => dump('user.sql.gz', '-Z', '6')],
    ['custom', () => dump('user.dump', '-Fc')],
    ['custom with another suffix', () => dump('user.sql.gz', '-Fc', '-Z', '0')],
    ['INSERT', () => dump('user.sql', '--inserts')],
    [
      'zstd',
      async () => {
        const path = await dump('user.sql')
        await execa('zstd', ['-q', '--rm', path])
        return `${path}.zst`
      },
    ],
  ]
  test.each(kinds)('a %s dump of pg_dump is restored', async (_, make) => {
    const path = await make()
    await server.sql('ALTER TABLE "user".accounts ADD COLUMN wrecked int')
    const {from, rows} = await restore(site, '--schema', 'user', '--file', path)
    expect({from, rows}).toEqual({from: path, rows: undefined})
    expect(await changes()).toEqual([])
    const preview = await report<RestorePreview>(site, [
      ...['db:restore', '--schema', 'user', '--file', path, '--dry-run'],
    ])
    expect(preview.schemas[0]?.tables).toContainEqual({name: 'accounts', now: 50, then: 50})
    const {stdout} = await site.run(`db:restore --schema user --file ${path} --dry-run`)
    expect(stdout).toContain('this file has no manifest, so row counts cannot be compared')
    await server.sql('DROP DATABASE IF EXISTS beside', {database: 'postgres'})
    await restore(site, '--schema', 'user', '--file', path, '--into', 'beside', '--create')
    expect(await server.sql('SELECT count(*) FROM "user".accounts', {database: 'beside'})).toBe('50')
  })

  async function cut(path: string, bytes: number): Promise<string> {
    await truncate(path, (await readFile(path)).length - bytes)
    return path
  }
  const bad: [what: string, make: () => Promise<string>, error: {exitCode: number; message: RegExp}][] = [
    [
      'with --create',
      () => dump('c.sql', '--create'),
      {exitCode: 7, message: /contains the command "create database aquastream/},
    ],
    [
      'with an additional COMMIT',
      async () => {
        const path = await dump('o.sql')
        await writeFile(
          path,
          (await readFile(path, 'utf8')).replace('\nCREATE TABLE', '\nCOMMIT;\nCREATE TABLE'),
        )
        return path
      },
      {exitCode: 7, message: /contains the command "commit": it would end the transaction of the restore/},
    ],
    [
      'without its last line',
      async () => cut(await dump('t.sql'), 200),
      {exitCode: 7, message: /it is truncated/},
    ],
    [
      'without the end of gzip',
      async () => cut(await dump('t.sql.gz', '-Z1'), 9),
      {exitCode: 7, message: /cannot be decompressed/},
    ],
    [
      'of a truncated custom dump',
      async () => cut(await dump('t.dump', '-Fc'), 300),
      {exitCode: 7, message: /cannot be decompressed/},
    ],
    [
      'of another existing schema',
      () => dump('e.sql', '-n', 'event', '-N', 'user'),
      {exitCode: 7, message: /it belongs to the schema event/},
    ],
    [
      'of a schema that does not exist',
      async () => {
        await server.sql('CREATE SCHEMA gone')
        const path = await dump('e.sql', '-n', 'gone', '-N', 'user')
        await server.sql('DROP SCHEMA gone')
        return path
      },
      {exitCode: 7, message: /it belongs to the schema gone/},
    ],
    [
      'that is an image',
      async () => {
        const path = join(site.directory, 'picture.png')
        await writeFile(path, '\u0089PNG')
        return path
      },
      {exitCode: 7, message: /it was not written by pg_dump/},
    ],
    [
      'that does not exist',
      () => Promise.resolve('/nonexistent/x.sql'),
      {exitCode: 10, message: /it does not exist/},
    ],
    [
      'that is a directory',
      () => Promise.resolve(site.directory),
      {exitCode: 10, message: /it is not a file/},
    ],
  ]
  test.each(bad)('one %s changes nothing', async (_, make, {exitCode, message}) => {
    const path = await make()
    const error = await failure(site, 'db:restore', '--schema', 'user', '--file', path, '--yes')
    expect(error.message).toMatch(message)
    expect(error.exitCode).toBe(exitCode)
    expect(await changes()).toEqual([])
  })

  /** Each would create a file if psql or the server ran it. */
  const programs: [where: string, command: (file: string) => string][] = [
    ['psql, after a space', file => `  \\! touch ${file}`],
    ['psql, after a command', file => `SELECT 1 \\g | touch ${file}`],
    ['psql, in an argument', file => `\\set x \`touch ${file}\``],
    ['psql, after a string that seems open', file => `SELECT E'\\\\' \\! touch ${file}`],
    ['the server', file => `COPY (SELECT 1) TO PROGRAM 'touch ${file}';`],
    ['the server, in a block', file => `DO $$BEGIN COPY (SELECT 1) TO PROGRAM 'touch ${file}'; END$$;`],
  ]
  test.each(programs)('a program in a command for %s is not run', async (_, command) => {
    const file = join(site.directory, 'ran')
    const path = await dump('evil.sql')
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('\nCREATE TABLE', `\n${command(file)}\nCREATE TABLE`))
    await server.sql('DROP DATABASE IF EXISTS beside', {database: 'postgres'})
    for (const more of [[], ['--into', 'beside', '--create']]) {
      const error = await failure(site, 'db:restore', '--schema', 'user', '--file', path, '--yes', ...more)
      expect(error).toMatchObject({code: 'archive-damaged', exitCode: 7})
      expect(error.message).toMatch(/: line \d+ contains the /)
    }
    const {exitCode, stderr} = await execa('sh', [RESTORE_SH, 'user', path], {
      env: {
        ...server.env,
        ...server.connection,
      },
      reject: false,
    })
    expect({exitCode, stderr}).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/line \d+ contains the /),
    })
    expect(existsSync(file)).toBe(false)
    expect(await changes()).toEqual([])
  })

  test.each(['template1', 'template0', 'postgres'])('the database %s is never restored into', async name => {
    await backup(site)
    const error = await failure(site, 'db:restore', '--schema', 'user', '--into', name, '--yes')
    expect(error).toMatchObject({code: 'refused', exitCode: 9})
  })

  test('latest skips a backup dated in the future and reports it', async () => {
    const {id} = await backup(site)
    const future = await writeSet(rootOf(site), idAgo(-48))
    const {stdout} = await site.run('db:restore --schema user --dry-run')
    expect(stdout).toContain(`will be replaced with backup ${id}`)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `the backup ${basename(future)} is dated in the future and was skipped`,
    )
  })

  test('an archive in a backup belongs to that backup', async () => {
    const {path, id} = await backup(site)
    const file = join(path, `event_${id}.sql.gz`)
    expect((await restore(site, '--schema', 'event', '--file', file)).from).toBe(id)
    const error = await failure(site, 'db:restore', '--schema', 'user', '--file', file, '--yes')
    expect(error.exitCode).toBe(10)
    expect(error.message).toContain(`event_${id}.sql.gz`)
    expect(await changes()).toEqual([])
    expect(await readdir(rootOf(site))).toHaveLength(2)
  })
})
