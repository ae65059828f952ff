import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describe, type Description, differences} from '../helpers/compare-databases.js'
import {loadPlatform} from '../helpers/platform.js'
import {majors, startPostgres, type TestServer} from '../helpers/postgres.js'

let server: TestServer
let description: Description
beforeAll(async () => {
  server = await startPostgres()
  await loadPlatform(server, {extras: true})
  description = await describe(server)
})
afterAll(() => server[Symbol.asyncDispose]())

const breakages: [lost: string, heading: string, sql: string][] = [
  ['row', 'rows', `DELETE FROM "user".odd_text WHERE t = '\\.'`],
  ['empty string', 'rows', `UPDATE "user".odd_text SET t = NULL WHERE t = ''`],
  ['row of a partition', 'tables', `DELETE FROM event.participations_other`],
  ['grant', 'grants', 'REVOKE USAGE ON SCHEMA media FROM app_user'],
  ['grant option', 'grants', 'REVOKE GRANT OPTION FOR USAGE ON DOMAIN "user".email FROM app_user'],
  ['grant of a column', 'grants', 'REVOKE UPDATE (email) ON "user".accounts FROM reporting'],
  ['withdrawal from everybody', 'grants', 'GRANT EXECUTE ON FUNCTION "user".current_account() TO PUBLIC'],
  ['default grant', 'default grants', 'ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM reporting'],
  ['comment', 'comments', 'COMMENT ON CONSTRAINT has_at ON DOMAIN "user".email IS NULL'],
  ['owner', 'owners', 'ALTER TABLE "user".odd_text OWNER TO aquastream'],
  ['publication member', 'publication members', 'ALTER PUBLICATION changes DROP TABLE "user".audit'],
  [
    'publication filter',
    'publication members',
    'ALTER PUBLICATION changes SET TABLE "user".accounts (id, email)',
  ],
  [
    'published schema',
    'publication members',
    'ALTER PUBLICATION "whole schemas" DROP TABLES IN SCHEMA payment',
  ],
  ['sequence value', 'sequence values', `SELECT setval('"user".notes_id_seq', 7000, true)`],
  ['owner of a sequence', 'sequences', 'ALTER SEQUENCE "user".notes_id_seq OWNED BY NONE'],
  ['forced row security', 'relations', 'ALTER TABLE "user".sessions NO FORCE ROW LEVEL SECURITY'],
  ['policy', 'policies', 'DROP POLICY unused ON "user".notes'],
  ['NOT VALID mark', 'constraints', 'ALTER TABLE event.events VALIDATE CONSTRAINT sane_price'],
  ['foreign key', 'constraints', 'ALTER TABLE crew.crews DROP CONSTRAINT captain_exists'],
  ['active foreign key', 'constraints', 'ALTER TABLE payment.payments DISABLE TRIGGER ALL'],
  ['disabled trigger', 'triggers', 'ALTER TABLE event.events ENABLE TRIGGER protect'],
  ['cluster mark', 'indexes', 'ALTER TABLE "user".accounts SET WITHOUT CLUSTER'],
  [
    'valid index',
    'indexes',
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"user".accounts_folded'::regclass`,
  ],
  ['replica identity', 'relations', 'ALTER TABLE event.participations_other REPLICA IDENTITY DEFAULT'],
  ['unlogged mark', 'relations', 'ALTER TABLE "user".sessions SET LOGGED'],
  ['toast option', 'relations', 'ALTER TABLE "user".accounts RESET (toast.autovacuum_enabled)'],
  ['column statistics target', 'columns', 'ALTER TABLE "user".accounts ALTER COLUMN tags SET STATISTICS -1'],
  ['rule', 'rules', 'DROP RULE "no deletes" ON "user".active'],
  ['function option', 'functions', 'ALTER FUNCTION "user".fold(text) COST 100'],
  ['enum label', 'types', `ALTER TYPE "user"."Account State" RENAME VALUE 'invited' TO 'guest'`],
  ['statistics object', 'statistics', 'ALTER STATISTICS event.title_and_place SET STATISTICS -1'],
  ['operator', 'dump', 'DROP OPERATOR event.=~~= (event.events, event.events)'],
  ['empty materialized view', 'relations', 'REFRESH MATERIALIZED VIEW event.not_filled'],
  ['cast', 'casts', 'DROP CAST ("user".address AS "user".weight_range)'],
  ['event trigger', 'event triggers', 'ALTER EVENT TRIGGER on_ddl DISABLE'],
  ['large object', 'large objects', `SELECT lo_put(4711, 0, 'x')`],
  ['setting of a role', 'roles', 'ALTER ROLE app_user IN DATABASE aquastream RESET ALL'],
  ['role membership', 'roles', 'REVOKE reporting FROM app_user'],
  ['password', 'roles', `ALTER ROLE app_user PASSWORD NULL`],
  ['right to connect', 'database', 'REVOKE CONNECT ON DATABASE aquastream FROM app_user'],
]
test.each(breakages)('a lost %s shows in the comparison under %s', async (_, heading, sql) => {
  const before = description
  await server.sql(sql)
  description = await describe(server)
  const changed = differences(before, description)
  expect(changed.map(line => line.slice(2))).toContainEqual(expect.stringMatching(`^${heading}: `))
})

test.each(majors())('PostgreSQL %i restores its own dump without differences', async major => {
  await using source = await startPostgres({major})
  await loadPlatform(source, {rows: 150, extras: true})
  const connection = ['-h', source.directory, '-p', String(source.port), '-U', 'aquastream']
  const {stdout: dump} = await execa(join(source.bin, 'pg_dump'), [...connection, 'aquastream'])
  await source.sql('CREATE DATABASE copy')
  await source.sql(dump, {database: 'copy'})
  const without = ['database', 'roles']
  const copy = await describe(source, 'copy', {without})
  expect(differences(await describe(source, 'aquastream', {without}), copy)).toEqual([])
})

test('the description of a schema contains no other schema', async () => {
  const only = await describe(server, 'aquastream', {schemas: ['user']})
  const text = JSON.stringify(only)
  expect(only.tables).toContainEqual(expect.stringContaining('"user"."таблица 🚣": 4 rows'))
  expect(text).not.toContain('not of the schema user')
  expect(text).not.toContain('upper case')
  expect(text).not.toContain('sane_price')
})

test('a schema that does not exist cannot be described', async () => {
  await expect(describe(server, 'aquastream', {schemas: ['missing']})).rejects.toThrow('pg_dump failed')
})
