import {databaseQueries, namespaces, schemaQueries} from './catalog-queries.js'
import type {Sql} from './postgres.js'

/** Everything in a database as lines under headings, in an order that does not depend on how it came there. */
export type Description = Record<string, string[]>

export interface DescribeOptions {
  /** Only what lies in these; then nothing of the database, the roles and the server either. */
  schemas?: string[]
  /** Headings to leave out. */
  without?: string[]
}

/** Of a table that has no more than this, each row is a line. */
const ROWS_SHOWN = 100

/**
 * Reads it all, from the catalogues, from the tables, and from pg_dump, in one psql session: pg_dump is
 * started by psql, so that one function is enough, also for a server in a container.
 */
export async function describe(
  {sql}: {sql: Sql},
  database = 'aquastream',
  {schemas, without = []}: DescribeOptions = {},
): Promise<Description> {
  const queries = {...schemaQueries(schemas), ...(schemas ? {} : databaseQueries)}
  const output = await sql(
    [
      // First, because psql 15 does not flush its own output before it starts a program.
      dumpCommand(schemas),
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;',
      PLAIN_SESSION,
      ...Object.entries(queries).map(
        ([heading, query]) =>
          `\\echo @ ${heading}\nSELECT to_json(line) FROM (${query}) AS q (line) ORDER BY line COLLATE "C";`,
      ),
      sequenceValues(schemas),
      rows(schemas),
      'COMMIT;',
    ].join('\n'),
    {database},
  )
  const [dump = '', answers = ''] = output.split(`\n${DUMPED}\n`)
  const description: Description = {dump: dumpEntries(dump), ...sections(answers)}
  return Object.fromEntries(Object.entries(description).filter(([heading]) => !without.includes(heading)))
}

/** What is only in one of two descriptions: `- heading: line` was lost, `+ heading: line` is new. */
export function differences(before: Description, after: Description): string[] {
  const headings = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...headings].flatMap(heading => [
    ...beyond(before[heading] ?? [], after[heading] ?? []).map(line => `- ${heading}: ${line}`),
    ...beyond(after[heading] ?? [], before[heading] ?? []).map(line => `+ ${heading}: ${line}`),
  ])
}

/** The lines of one that the other does not have, or not as often. */
function beyond(lines: string[], others: string[]): string[] {
  const left = new Map<string, number>()
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter(line => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

/** Settings of roles and databases must not show in the text of rows, nor end the session. */
const PLAIN_SESSION = `
SET search_path = ''; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET lc_monetary = 'C'; SET row_security = off; SET statement_timeout = 0;`

const DUMPED = '@ dumped'

/** Grants are compared apart: their order in a dump is the order in which they were given. */
function dumpCommand(schemas: string[] | undefined): string {
  const patterns = (schemas ?? []).map(name => `-n ${shellWord(`"${name.replaceAll('"', '""')}"`)}`)
  const command = ['pg_dump --schema-only --no-privileges --lock-wait-timeout=10000', ...patterns].join(' ')
  return `\\setenv PGHOST :HOST
\\setenv PGPORT :PORT
\\setenv PGUSER :USER
\\setenv PGDATABASE :DBNAME
\\setenv PGTZ UTC
\\! ${command}; echo; echo '${DUMPED}'`
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** One line for each entry, sorted, without what differs from run to run. */
function dumpEntries(dump: string): string[] {
  if (!dump.includes('\n-- PostgreSQL database dump complete\n')) throw new Error(`pg_dump failed:\n${dump}`)
  return (
    dump
      .replace(/\n--\n-- PostgreSQL database dump complete\n.*$/s, '')
      .replaceAll(/^(\\(un)?restrict .*|-- Dumped (from|by) .*|SET default_.*)\n/gm, '')
      // The order in which the server finds the roles of a policy means nothing.
      .replaceAll(
        /^(CREATE POLICY .* TO )(.*?)(?= USING \(| WITH CHECK \()/gm,
        (_, start: string, roles: string) => start.concat(roles.split(', ').sort().join(', ')),
      )
      .split(/\n--\n(?=-- Name: )/)
      .map(entry => entry.trim())
      .sort()
  )
}

function sequenceValues(schemas: string[] | undefined): string {
  return `
\\echo @ sequence values
SELECT format('SELECT to_json(format(''%%s: %%s, called %%s'', %L, last_value, is_called)) FROM %s', oid::regclass, oid::regclass)
FROM pg_class WHERE relkind = 'S' AND relnamespace IN ${namespaces(schemas)} ORDER BY oid::regclass::text COLLATE "C" \\gexec`
}

/** Each table's own rows, without those of its children; the alias is no column's name. */
function rows(schemas: string[] | undefined): string {
  const tables = `FROM pg_class WHERE relnamespace IN ${namespaces(schemas)} AND (relkind = 'r' OR relkind = 'm' AND relispopulated)
ORDER BY oid::regclass::text COLLATE "C" \\gexec`
  return `
\\echo @ tables
SELECT format($$SELECT to_json(format('%%s: %%s rows, %%s', %L, count(*), md5(string_agg(hash, '' ORDER BY hash))))
  FROM (SELECT md5("the whole row"::text) AS hash FROM ONLY %s AS "the whole row") AS hashes$$, oid::regclass, oid::regclass)
${tables}
\\echo @ rows
SELECT format($$SELECT to_json(format('%%s: %%s %%s', %L, left(line, 160), CASE WHEN length(line) > 160 THEN md5(line) END))
  FROM (SELECT "the whole row"::text AS line, count(*) OVER () AS n FROM ONLY %s AS "the whole row") AS lines
  WHERE n <= ${ROWS_SHOWN} ORDER BY line COLLATE "C"$$, oid::regclass, oid::regclass)
${tables}`
}

/** psql's answers: a heading, and then each line as a JSON string, whatever is in it. */
function sections(answers: string): Description {
  const description: Description = {}
  let lines: string[] = []
  for (const answer of answers.split('\n')) {
    if (answer.startsWith('@ ')) description[answer.slice(2)] = lines = []
    else if (answer) lines.push(JSON.parse(answer) as string)
  }
  return description
}
