import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {resolve} from 'node:path'
import {describe, expect, test} from 'vitest'
import {scanDump} from '../../src/backup/archive/scan.js'

/** Returns a dump of the schema user, with a text between two of its commands. */
function dumpWith(text: string): string {
  return `--
-- PostgreSQL database dump
--

\\restrict kPpMxVQ5eFfHhAJH
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA "user";
CREATE TABLE "user".u (id integer NOT NULL, n text DEFAULT 'it''s; ok'::text);
COPY "user".u (id, n) FROM stdin;
1	\\N
2	\\\\! touch ran; COMMIT;
\\.
${text}
CREATE INDEX u_n ON "user".u USING btree (n);
--
-- PostgreSQL database dump complete
--

\\unrestrict kPpMxVQ5eFfHhAJH
`
}

async function* chunksOf(dump: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(dump)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Returns what the scanner passes on, or why it rejects the dump. The chunks end in the middle of lines and words. */
async function scan(dump: string, schema = 'user'): Promise<string> {
  const passed: Buffer[] = []
  try {
    for await (const part of scanDump(chunksOf(dump, 7), {path: 'x.sql', schema}))
      passed.push('rows' in part ? part.rows : part.line)
  } catch (error) {
    return `rejected: ${(error as Error).message}`
  }
  return Buffer.concat(passed).toString('utf8')
}

/** A script that runs only the scanner of restore.sh. */
const SCAN_SCRIPT = (() => {
  const script = readFileSync(resolve(import.meta.dirname, '../../infra/backup/restore.sh'), 'utf8')
  const trailer = /^readonly trailer=.*$/m.exec(script)![0]
  return `${trailer}\n${/^scan_dump\(\) \{[^]*?\n\}'\n\}$/m.exec(script)![0]}\nscan_dump "$1"`
})()

function scanInShell(dump: string, schema = 'user'): string {
  const {status, stdout, stderr} = spawnSync('sh', ['-c', SCAN_SCRIPT, 'sh', schema], {
    input: dump,
    encoding: 'utf8',
  })
  const mark = "SELECT pg_catalog.set_config('aquastream.complete', 'yes', true);\n"
  const hasMark = stdout.endsWith(mark)
  if (status === 0 && hasMark) return stdout.slice(0, -mark.length)
  return status === 1 && !hasMark ? `rejected: ${stderr}` : `status ${status}: ${stderr}`
}

/** Texts that belong to a dump of the schema, with constructs in which a command could be hidden. */
const HARMLESS = {
  'a function with SQL in dollar quotes': `CREATE FUNCTION "user".f() RETURNS text LANGUAGE plpgsql AS $_$BEGIN; COMMIT; \\! x
END$_$;`,
  'a function in standard SQL': `CREATE FUNCTION "user".g(i integer) RETURNS integer LANGUAGE sql
 BEGIN ATOMIC
 INSERT INTO "user".u VALUES (1, 'END; COMMIT;');
 SELECT CASE i WHEN 1 THEN 2 ELSE 3 END;
END;`,
  'a backslash in a plain string': `INSERT INTO "user".u VALUES (3, '\\');`,
  'a quote in an escape string': `INSERT INTO "user".u VALUES (3, E'\\'; COMMIT; \\\\');`,
  'an escape string that continues': `INSERT INTO "user".u VALUES (3, E'a'
  '\\'; COMMIT;');`,
  'a name with special characters': `CREATE TABLE "user"."a""; COMMIT; \\! x" (id integer);`,
  'a nested comment': `/* /* COMMIT; */ \\! x */`,
  'a rule with two actions': `CREATE RULE r AS ON INSERT TO "user".u DO INSTEAD ( DELETE FROM "user".u; SELECT 1; );`,
  'a grant by another role': `SET SESSION AUTHORIZATION app;
GRANT SELECT ON TABLE "user".u TO reader;
RESET SESSION AUTHORIZATION;`,
  'a partition of a table of another schema': `ALTER TABLE ONLY event.e ATTACH PARTITION "user".u FOR VALUES IN (1);`,
  'a foreign key to another schema': `ALTER TABLE ONLY "user".u ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES event.e(id);`,
  'a sequence': `SELECT pg_catalog.setval('"user".u_id_seq', 7, true);`,
  'statistics of PostgreSQL 18': `SELECT * FROM pg_catalog.pg_restore_relation_stats('version', '180004'::integer, 'schemaname', 'user', 'relname', 'u');`,
  'default privileges': `ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA "user" GRANT SELECT ON TABLES TO reader;`,
  'a comment with a command': `-- COMMIT; \\! touch ran`,
  'rows that look like commands': `COPY "user".u (id, n) FROM stdin;
\\. COMMIT;
\\! touch ran
\\.`,
  'an empty table': `COPY "user".u (id, n) FROM stdin;
\\.`,
}

/** Texts that are rejected, and a part of the message. */
const HOSTILE: Record<string, [text: string, message: RegExp]> = {
  'a command of psql after a space': ['  \\! touch ran', /psql command \\!/],
  'a command of psql after a statement': ['SELECT 1 \\g | touch ran', /psql command \\g/],
  'a command of psql in parentheses': ['CREATE TABLE "user".x (i int \\! touch ran', /psql command \\!/],
  'another database': ['\\connect other', /psql command \\connect/],
  'a second pair of restrict with a command': [
    '\\unrestrict kPpMxVQ5eFfHhAJH\n\\! touch ran',
    /psql command \\!/,
  ],
  'a restrict within a line': ['SELECT 1; \\restrict x', /select|psql command/i],
  'an end of the transaction': ['COMMIT;', /commit/],
  'an end after another statement': [`INSERT INTO "user".u VALUES (1); commit ;`, /commit/],
  'an end after a comment': ['/* a */ -- b\n CoMmIt;', /commit/],
  'an end after a carriage return': ['-- a\rCOMMIT;', /commit/],
  'an end by PREPARE TRANSACTION': [`PREPARE TRANSACTION 'x';`, /prepare/],
  'an end in a function body': [
    `CREATE FUNCTION "user".f() RETURNS int BEGIN ATOMIC SELECT 1; COMMIT; SELECT 2; END;`,
    /COMMIT in the body/i,
  ],
  'an end after a function called begin': [
    `CREATE FUNCTION "user".begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMIT; SELECT 1 AS "end";`,
    /BEGIN/,
  ],
  'an end after CASE as a name': [
    `CREATE FUNCTION "user".f() RETURNS int BEGIN ATOMIC SELECT 1 AS case; END; END;`,
    /END/,
  ],
  'an end within parentheses': ['CREATE TABLE "user".x (i int; COMMIT;);', /semicolon within parentheses/],
  'an end after a string that does not continue': [
    `INSERT INTO "user".u VALUES (1, E'a' /* */\n'\\'); COMMIT; --');`,
    /commit/,
  ],
  'a string without standard quotes': [`SET standard_conforming_strings = off;`, /set standard_conforming/],
  'an encoding with backslashes in characters': [`SET client_encoding = 'SJIS';`, /set client_encoding/],
  'a quote after a number': [`INSERT INTO "user".u VALUES (1E'\\'); COMMIT; --');`, /quote right after/],
  'a program for COPY': [`COPY "user".u FROM PROGRAM 'touch ran';`, /copy/],
  'a program for COPY TO': [`COPY "user".u TO PROGRAM 'touch ran';`, /copy/],
  'a file for COPY': [`COPY "user".u FROM '/etc/passwd';`, /copy/],
  'rows that end early': [`COPY "user".u (id, n) FROM stdin;\n1\ta\n\\.\r\nCOMMIT;\n\\.`, /commit|psql/],
  'a statement after COPY': [`COPY "user".u FROM stdin; COMMIT;\n\\.`, /after COPY/],
  'another schema': [`CREATE SCHEMA event;`, /create schema event/],
  'a table of another schema': [`CREATE TABLE event.x (i int);`, /schema event/],
  'rows of another schema': [`COPY event.e (id) FROM stdin;\n1\n\\.`, /schema event/],
  'a row of another schema': [`INSERT INTO event.e VALUES (1);`, /schema event/],
  'a row from a query': [`INSERT INTO "user".u SELECT 1, pg_read_file('/etc/passwd');`, /insert/],
  'a trigger of another schema': [
    `CREATE TRIGGER t BEFORE INSERT ON event.e FOR EACH ROW EXECUTE FUNCTION "user".f();`,
    /schema event/,
  ],
  'a table that moves away': [`ALTER TABLE "user".u SET SCHEMA event;`, /alter table/],
  'a grant of two schemas': [`GRANT SELECT ON TABLE "user".u, event.e TO reader;`, /grant/],
  'a role': [`CREATE ROLE evil SUPERUSER;`, /create role/],
  'a superuser': [`ALTER USER app SUPERUSER;`, /alter user/],
  'a member': [`GRANT postgres TO app;`, /grant postgres/],
  'a database': [`ALTER DATABASE aquastream SET x = 1;`, /alter database/],
  'the configuration': [`ALTER SYSTEM SET x = 1;`, /alter system/],
  'an event trigger': [`CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION "user".f();`, /event/],
  'an anonymous block': [`DO $$BEGIN PERFORM 1; END$$;`, /do/],
  'a call of a function': [`SELECT pg_catalog.pg_read_file('/etc/passwd');`, /select/],
  'a call of a function of the schema': [`SELECT "user".f();`, /select/],
  'a call in an argument': [`SELECT pg_catalog.setval('"user".s', (SELECT 1));`, /select/],
  'the sequence of another schema': [`SELECT pg_catalog.setval('event.s', 1);`, /select/],
  'a search path': [`SELECT pg_catalog.set_config('search_path', 'event', false);`, /select/],
  'a word that every object of JavaScript has': [`constructor;`, /constructor/],
  'a prototype': [`__proto__;`, /__proto__/],
  'another wait for locks': [`SET lock_timeout = '1h';`, /set lock_timeout/],
  'another role': [`SET ROLE postgres;`, /set role/],
  'a dropped schema, as by --clean': [`DROP SCHEMA IF EXISTS "user";`, /drop schema/],
  'a deleted row': [`DELETE FROM "user".u;`, /delete/],
  'a string without an end': [`INSERT INTO "user".u VALUES (1, 'a`, /truncated/],
}

describe.each([
  ['the CLI', scan],
  ['restore.sh', (dump: string) => Promise.resolve(scanInShell(dump))],
])('the scanner of %s', (name, scanner) => {
  test.each(Object.entries(HARMLESS))('passes on %s', async (_, text) => {
    const dump = dumpWith(text)
    expect(await scanner(dump)).toBe(dump.replace(/^(?:\\(?:un)?restrict|SET lock_timeout) .*\n/gm, ''))
  })

  test.each(Object.entries(HOSTILE))('rejects %s', async (_, [text, message]) => {
    const outcome = await scanner(dumpWith(text))
    expect(outcome).toMatch(/^rejected: /)
    if (name === 'the CLI') expect(outcome).toMatch(message)
  })

  test('rejects what follows the end of the dump', async () => {
    expect(await scanner(`${dumpWith('')}\nGRANT USAGE ON SCHEMA "user" TO app;`)).toMatch(
      /^rejected: .*end of the dump/,
    )
  })

  test('prevents variables of psql', async () => {
    const text = `CREATE VIEW "user".v AS SELECT (ARRAY['a'])[1:"USER"], 'a'::text, '{}'::jsonb FROM "user".u;`
    expect(await scanner(dumpWith(text))).toContain(`[1: "USER"], 'a'::text, '{}'::jsonb`)
  })
})

test('a zero byte, which ends a line for psql, is rejected', async () => {
  expect(await scan(dumpWith(`INSERT INTO "user".u VALUES (1, 'a\0');`))).toMatch(/control character/)
})

test('the error contains the line number of a command', async () => {
  expect(await scan(dumpWith('\n  \\! touch ran'))).toBe(
    'rejected: x.sql is damaged: line 17 contains the psql command \\!',
  )
})

test.each(['\n', '\r\n'])('rows end at a mark split between chunks, with %j', async newline => {
  const rows = `COPY "user".u (id, n) FROM stdin;\n3\t\\\\.\n\\.x\n4\t\n\\.${newline}`
  for (let size = 1; size <= 60; size++) {
    const scanned = scanDump(chunksOf(dumpWith(rows), size), {path: 'x.sql', schema: 'user'})
    let result = await scanned.next()
    while (!result.done) result = await scanned.next()
    expect(result.value, `chunks of ${size} bytes`).toEqual([{name: 'u', rows: 5}])
  }
})
