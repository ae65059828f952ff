import {databaseQueries, namespaces, schemaQueries} from './catalog-queries.js'
import type {Sql} from './postgres.js'

/** The content of a database as lines under headings, in an order that does not depend on how it was created. */
export type Description = Record<string, string[]>

export interface DescribeOptions {
  /** Describe only these schemas, and neither the database, the roles nor the server. */
  schemas?: string[]
  /** Headings to omit. */
  without?: string[]
}

/** Tables with at most this many rows are described row by row. */
const ROWS_SHOWN = 100

/**
 * Describes a database by its catalogs, its rows and its dump, in one psql session. psql itself starts pg_dump, so that
 * this also works for a server in a container.
 */
export async function describe(
  {sql}: {sql: Sql},
  database = 'aquastream',
  {schemas, without = []}: DescribeOptions = {},
): Promise<Description> {
  const queries = {...schemaQueries(schemas), ...(schemas ? {} : databaseQueries)}
  const output = await sql(
    [
      // pg_dump runs first, because psql 15 does not flush its own output before it starts a program.
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

/** Returns the lines that are in only one description: `- heading: line` was lost, `+ heading: line` is new. */
export function differences(before: Description, after: Description): string[] {
  const headings = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...headings].flatMap(heading => [
    ...beyond(before[heading] ?? [], after[heading] ?? []).map(line => `- ${heading}: ${line}`),
    ...beyond(after[heading] ?? [], before[heading] ?? []).map(line => `+ ${heading}: ${line}`),
  ])
}

/** Returns the lines that the other list does not contain, or contains fewer times. */
function beyond(lines: string[], others: string[]): string[] {
  const left = new Map<string, number>()
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter(line => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

/** Overrides settings of roles and databases that would change the text of rows or end the session. */
const PLAIN_SESSION = `
SET search_path = ''; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET lc_monetary = 'C'; SET row_security = off; SET statement_timeout = 0;`

const DUMPED = '@ dumped'

/** Grants are compared separately, because a dump lists them in the order in which they were granted. */
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

/** Returns the entries of a dump, sorted, without the parts that differ from run to run. */
function dumpEntries(dump: string): string[] {
  if (!dump.includes('\n-- PostgreSQL database dump complete\n')) throw new Error(`pg_dump failed:\n${dump}`)
  return (
    dump
      .replace(/\n--\n-- PostgreSQL database dump complete\n.*$/s, '')
      .replaceAll(/^(\\(un)?restrict .*|-- Dumped (from|by) .*|SET default_.*)\n/gm, '')
      // The order of the roles of a policy has no meaning.
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

/** Selects the rows of each table without those of its child tables. No column has the same name as the alias. */
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

/** Parses the output of psql: each heading is followed by its lines as JSON strings. */
function sections(answers: string): Description {
  const description: Description = {}
  let lines: string[] = []
  for (const answer of answers.split('\n')) {
    if (answer.startsWith('@ ')) description[answer.slice(2)] = lines = []
    else if (answer) lines.push(JSON.parse(answer) as string)
  }
  return description
}
