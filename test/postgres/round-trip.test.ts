import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {backup, restore, siteFor} from '../helpers/backups.js'
import type {Site} from '../helpers/cli.js'
import {describe as describeDatabase, type Description, differences} from '../helpers/compare-databases.js'
import {loadPlatform} from '../helpers/platform.js'
import {knowsZstd, majors, startPostgres, type TestServer} from '../helpers/postgres.js'

/** The schemas of the fixture that do not belong to the platform. */
const NEIGHBOURS = ['users', 'User', 'odd schema; drop table x']

const FORMS = [
  '--format custom',
  '--format custom --compression none',
  '--compression gzip:9',
  '--compression none',
  '--compression zstd:3',
  '--format custom --compression zstd',
]

/** All forms on the oldest and the newest version; on those between, one, except in a run of many rounds. */
function formsOf(major: number): string[] {
  const isOuter = major === majors()[0] || major === majors().at(-1)
  const forms = isOuter || process.env.AQUASTREAM_TEST_ROUNDS !== undefined ? FORMS : FORMS.slice(0, 1)
  return forms.filter(form => !form.includes('zstd') || knowsZstd(major))
}

/**
 * Objects and properties that belong to no schema and are therefore in no backup: members of publications; passwords of
 * roles, and their settings, privileges and default privileges in the whole database.
 */
const IN_NO_BACKUP =
  /^. (publication members|dump: .*PUBLICATION TABLE|roles: .*(password| here)|database: CONNECT|default grants: of \w+ in {2}for)/

const WRECK = `
  DELETE FROM "user".notes;
  UPDATE "user".odd_text SET t = replace(t, '\\', '/');
  TRUNCATE notification.outbox, notification.deliveries RESTART IDENTITY;
  DROP TABLE payment.payments CASCADE;
  DROP VIEW "user".active CASCADE;
  ALTER TABLE "user".accounts DROP COLUMN code, DROP CONSTRAINT accounts_favourite;
  ALTER TABLE event.places ADD COLUMN new text DEFAULT 'x';
  ALTER TABLE "user".odd_text RENAME TO other_text;
  ALTER TABLE crew.seats OWNER TO app_user;
  ALTER FUNCTION "user".fold(text) RENAME TO unfold;
  ALTER TYPE "user"."Account State" RENAME VALUE 'invited' TO 'guest';
  ALTER TABLE "user".sessions DISABLE ROW LEVEL SECURITY;
  DROP TRIGGER protect ON event.events;
  SELECT setval('"user".never_called', 99);
  REVOKE ALL ON ALL TABLES IN SCHEMA "user", event FROM app_user CASCADE;
  GRANT ALL ON SCHEMA media TO PUBLIC;
  COMMENT ON SCHEMA "user" IS NULL;
  COMMENT ON CONSTRAINT captain_exists ON crew.crews IS NULL;
  CREATE TABLE media.intruder (id int);
  DROP SCHEMA users CASCADE;
  DROP SCHEMA "odd schema; drop table x" CASCADE;
  DELETE FROM "User"."Accounts";
  DELETE FROM public.flyway_schema_history;`

describe.each(majors())('PostgreSQL %i', major => {
  describe('all schemas', () => {
    let server: TestServer
    let site: Site
    let before: Description
    beforeAll(async () => {
      server = await startPostgres({major})
      site = await siteFor(server)
      await loadPlatform(server)
      before = await describeDatabase(server)
      await backup(site, '--all-schemas')
    })
    afterAll(async () => {
      await site[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    })

    test('a damaged database is restored without differences', async () => {
      await server.sql(WRECK)
      expect(differences(before, await describeDatabase(server))).not.toEqual([])
      const {rows} = await restore(site, '--all')
      expect(rows).toBeGreaterThan(200)
      expect(differences(before, await describeDatabase(server))).toEqual([])
    })

    test.each(formsOf(major))('archives written with %s are restored completely, too', async form => {
      await backup(site, '--all-schemas', ...form.split(' '))
      await server.sql(WRECK)
      await restore(site, '--all')
      expect(differences(before, await describeDatabase(server))).toEqual([])
    })

    test('dropped schemas and roles are restored as well', async () => {
      await server.sql(`DROP SCHEMA "user", event, crew, payment, notification, media CASCADE;
        DROP OWNED BY app_user CASCADE;
        DROP OWNED BY reporting CASCADE;
        DROP OWNED BY platform_owner CASCADE;
        DROP OWNED BY "Odd ""Role""; drop" CASCADE;
        DROP ROLE app_user, reporting, platform_owner, "Odd ""Role""; drop"`)
      const {roles} = await restore(site, '--all')
      expect(roles.toSorted()).toEqual(['Odd "Role"; drop', 'app_user', 'platform_owner', 'reporting'])
      const lost = differences(before, await describeDatabase(server))
      expect(lost.filter(line => !IN_NO_BACKUP.test(line))).toEqual([])
    })
  })

  describe('one schema', () => {
    let server: TestServer
    let site: Site
    let before: Description
    beforeAll(async () => {
      server = await startPostgres({major})
      site = await siteFor(server)
      await loadPlatform(server, {views: false})
      before = await describeDatabase(server)
      await backup(site, '--all-schemas')
    })
    afterAll(async () => {
      await site[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    })

    test.each(['user', 'media', ...NEIGHBOURS])(
      'only the schema %j is restored, and completely',
      async schema => {
        await server.sql(`
        SET session_replication_role = replica;
        DO $$DECLARE t regclass; BEGIN
          FOR t IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = quote_ident('${schema}')::regnamespace
          LOOP EXECUTE format('DELETE FROM %s; ALTER TABLE %s ADD wrecked int', t, t); END LOOP;
        END$$`)
        await restore(site, '--schema', schema)
        expect(differences(before, await describeDatabase(server))).toEqual([])
      },
    )

    test('the schema public is restored with USAGE for PUBLIC', async () => {
      await server.sql('DROP EXTENSION IF EXISTS btree_gist CASCADE')
      const now = await describeDatabase(server)
      await backup(site, '--schema', 'public')
      await server.sql('DROP TABLE public.flyway_schema_history; CREATE TABLE public.intruder ()')
      await restore(site, '--schema', 'public')
      expect(differences(now, await describeDatabase(server))).toEqual([])
    })
  })
})
