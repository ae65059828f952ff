import {existsSync} from 'node:fs'
import {gzipSync} from 'node:zlib'
import type {Sql} from './postgres.js'
import {oneOf} from './random.js'

/** A schema to dump, with text that looks like commands, and what a command in an archive must not change. */
export const VICTIM = `
    CREATE TABLE public.committed (n int);
    CREATE SCHEMA event; CREATE TABLE event.e (id int); INSERT INTO event.e VALUES (1);
    CREATE SCHEMA "user";
    CREATE TABLE "user".t (id int PRIMARY KEY, "a ""b""
      c" text DEFAULT 'it''s; \\ ok', note text);
    CREATE FUNCTION "user".f(int) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN 'x; COMMIT; \\! id' || $1; END $f$;
    CREATE FUNCTION "user".g() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM "user".t WHERE note <> '$$'; END;
    CREATE VIEW "user".v AS SELECT E'a\\nb' AS "c;d", note FROM "user".t;
    COMMENT ON TABLE "user".t IS 'é /* '' " $$ -- \\.';
    INSERT INTO "user".t SELECT n, E'\\\\.', E'\\t\\\\! x;\\nCOMMIT;' FROM generate_series(1, 5) n;
    CREATE INDEX ON "user".t (lower(note));`

/** Kinds of changes to an archive. */
export const KINDS = [
  'flipped bits',
  'moved lines',
  'lost lines',
  'planted',
  'planted in rows',
  'members',
  'encoding',
] as const
export type Kind = (typeof KINDS)[number]

/** The beginnings and ends of quoted texts, comments and rows in SQL, and characters that a scanner can misread. */
const CONTEXTS = [
  ...[
    "'",
    "''",
    "E'\\'",
    "E'\\",
    "U&'",
    "B'",
    '"',
    'U&"',
    '$$',
    '$a$',
    '$é$',
    'a$$',
    '--',
    '--\r',
    '/*',
    '/*/*',
    '*/',
    '\\.\n',
  ],
  ...[
    '\n',
    '\r',
    '\t',
    '\v',
    '\f',
    '\0',
    '\u00a0',
    '\u2028',
    '\ufeff',
    ';',
    ' ',
    '(',
    ')',
    'BEGIN ATOMIC ',
    ' END;',
    'COPY "user".t FROM stdin;\n',
  ],
]

/** Returns commands that create the file, leave the transaction, or change another schema. */
function commands(file: string): string[] {
  return [
    `\\! touch ${file}`,
    `\\!touch ${file}\n`,
    `\\o |touch ${file}\n`,
    `\\g |touch ${file}\n`,
    `SELECT 1 \\g |touch ${file}\n`,
    `\\copy "user".t to program 'touch ${file}'\n`,
    `\\set x \`touch ${file}\`\n`,
    `SELECT 1 \\; SELECT 2;`,
    `COPY "user".t TO PROGRAM 'touch ${file}';`,
    `COPY (SELECT 1) TO PROGRAM 'touch ${file}';`,
    `COMMIT;`,
    `END; BEGIN;`,
    `ROLLBACK AND CHAIN;`,
    `\\c postgres\n`,
    `\\if false\n`,
    `SELECT '; COMMIT;' \\gexec\n`,
    `DROP SCHEMA event CASCADE;`,
    `INSERT INTO event.e VALUES (99);`,
    `SET SESSION AUTHORIZATION postgres;`,
    `DO $x$ BEGIN COMMIT; END $x$;`,
    `CREATE TABLE event.planted ();`,
  ]
}

/** Returns a changed dump. @param file the path that a planted command would create */
export function changed(
  dump: string,
  kind: Kind,
  {random, file}: {random: () => number; file: string},
): Buffer {
  const at = (length: number): number => Math.floor(random() * length)
  const lines = dump.split('\n')
  // Most places within a line are in the middle of a statement.
  const anywhere = (): number =>
    random() < 0.3 ? at(dump.length) : lines.slice(0, at(lines.length)).join('\n').length + 1
  const planted = (): string => {
    const contexts = Array.from({length: at(3)}, () => oneOf(random, CONTEXTS)!)
    const after = random() < 0.3 ? oneOf(random, CONTEXTS)! : ''
    return contexts.join('') + oneOf(random, commands(file))! + after
  }
  switch (kind) {
    case 'flipped bits': {
      const bytes = Buffer.from(dump)
      for (let flips = 1 + at(8); flips > 0; flips--) bytes[at(bytes.length)]! ^= 1 << at(8)
      return bytes
    }
    case 'moved lines': {
      for (let moves = 1 + at(4); moves > 0; moves--)
        lines.splice(at(lines.length), 0, ...lines.splice(at(lines.length), 1 + at(3)))
      return Buffer.from(lines.join('\n'))
    }
    case 'lost lines': {
      lines.splice(at(lines.length), 1 + at(3))
      return Buffer.from(lines.join('\n'))
    }
    case 'planted': {
      const place = anywhere()
      return Buffer.from(dump.slice(0, place) + planted() + dump.slice(place))
    }
    case 'planted in rows': {
      const place = dump.indexOf('\n', dump.indexOf('FROM stdin;')) + 1
      return Buffer.from(dump.slice(0, place) + planted() + dump.slice(place))
    }
    case 'members': {
      const place = anywhere()
      const members = [dump.slice(0, place), random() < 0.5 ? planted() : '', dump.slice(place)].map(text =>
        gzipSync(text),
      )
      if (random() < 0.3) members.push(gzipSync(planted()))
      if (random() < 0.2) members.reverse()
      return Buffer.concat(members)
    }
    case 'encoding': {
      const place = anywhere()
      const text = random() < 0.5 ? dump : dump.slice(0, place) + planted() + dump.slice(place)
      return oneOf(random, [
        () => Buffer.from(`\ufeff${text}`),
        () => Buffer.from(text.replaceAll('\n', '\r\n')),
        () => Buffer.from(text, 'latin1'),
        () => Buffer.from(text, 'utf16le'),
        () =>
          Buffer.from(
            text
              .replace("'UTF8'", oneOf(random, ["'SJIS'", "'BIG5'", "'LATIN1'", "'GB18030'"])!)
              .replace('é', '\u0081'),
            'latin1',
          ),
        () => Buffer.from(text.replaceAll(' ', '\u00a0')),
      ])!()
    }
  }
}

/** Returns what a command in an archive has done that it must not do. */
export async function damage({sql}: {sql: Sql}, file: string): Promise<string[]> {
  const [committed, rows, tables] = (
    await sql(`
      SELECT count(*) FROM public.committed;
      SELECT count(*) FROM event.e;
      SELECT count(*) FROM pg_class WHERE relnamespace = 'event'::regnamespace AND relkind = 'r'`)
  ).split('\n')
  return [
    ...(existsSync(file) ? ['a command ran'] : []),
    ...(committed === '0' ? [] : ['the transaction was committed']),
    ...(rows === '1' && tables === '1' ? [] : ['another schema was changed']),
  ]
}
