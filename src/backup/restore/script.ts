import {Readable} from 'node:stream'
import type {Server} from '../../postgres/server.js'
import {identifier, literal} from '../../system/text/sql-quote.js'
import {readVerified} from '../archive/read.js'
import {type Part, scanDump} from '../archive/scan.js'
import {type DumpPart, splitDump} from '../archive/split-dump.js'
import {unpack} from '../archive/unpack.js'
import type {Manifest} from '../repository/manifest.js'
import type {SourceArchive} from './source.js'

/** What to replay in one transaction. */
export interface ScriptRequest {
  archives: SourceArchive[]
  /** The definitions that the archives contain after their rows. */
  lateDefinitions: DumpPart[]
  /** SQL statements to run first. */
  before: string[]
  /** Extensions that no archive creates. */
  extensions: Manifest['extensions']
  /**
   * The other schemas of the database. Foreign keys to schemas that are neither listed nor restored are not
   * created. If undefined, all foreign keys are created.
   */
  otherSchemas: string[] | undefined
}

/** The input of restore.sh. */
export interface Script {
  bytes: Readable
  /** Foreign keys that were skipped so far. */
  skippedForeignKeys: string[]
}

/**
 * Builds the input of restore.sh. The archives of a backup are split into sections and reordered. A single dump from elsewhere
 * stays in its order, because the order has a meaning with some options of pg_dump, such as --use-set-session-authorization.
 * @param onBytes receives the bytes of the archives read so far
 */
export function toScript(request: ScriptRequest, server: Server, onBytes: (bytes: number) => void): Script {
  const {archives, before, otherSchemas} = request
  let bytesRead = 0
  const read = async function* (archive: SourceArchive): AsyncGenerator<Buffer> {
    for await (const chunk of readVerified(archive)) {
      bytesRead += chunk.length
      onBytes(bytesRead)
      yield chunk
    }
  }
  // Scanned again, although the plan did it: the file can have changed since.
  const scan = (archive: SourceArchive, {counted} = {counted: true}): AsyncIterable<Part> =>
    scanDump(unpack(archive, server, counted ? read(archive) : readVerified(archive)), archive)
  const [first] = archives
  const skippedForeignKeys: string[] = []
  const isForeign = first?.known === undefined && before.length === 0 && otherSchemas === undefined
  const sql = first && isForeign ? textOf(scan(first)) : combine(request, scan, skippedForeignKeys)
  return {bytes: toStream(withEnd(sql)), skippedForeignKeys}
}

async function* textOf(dump: AsyncIterable<Part>): AsyncGenerator<Buffer> {
  for await (const part of dump) yield 'rows' in part ? part.rows : part.line
}

function toStream(bytes: AsyncIterable<Buffer>): Readable {
  return Readable.from(bytes, {objectMode: false})
}

/** Appends the statement that restore.sh requires before it commits, because truncated SQL can be valid SQL. */
async function* withEnd(sql: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* sql
  yield Buffer.from("\nSELECT pg_catalog.set_config('aquastream.complete', 'yes', true);\n")
}

/**
 * Emits the definitions of all archives first, then their rows, then late definitions and objects that may need rows of
 * another archive, then refreshes, foreign keys and default privileges. Schemas can refer to each other both ways, so there is
 * no order of archives in which each object finds what it needs: the server tries.
 */
async function* combine(
  {archives, lateDefinitions, before, extensions, otherSchemas}: ScriptRequest,
  scan: (archive: SourceArchive, options: {counted: boolean}) => AsyncIterable<Part>,
  skippedForeignKeys: string[],
): AsyncGenerator<Buffer> {
  const foreignKeys: Buffer[] = []
  const privileges: Buffer[] = []
  const afterwards: Buffer[] = []
  const refreshes: Buffer[] = []
  const schemas = otherSchemas && [...otherSchemas, ...archives.map(({schema}) => schema)]
  const isSkipped = ({foreignKey}: DumpPart): boolean =>
    foreignKey !== undefined && schemas !== undefined && !schemas.includes(foreignKey.schema)
  for (const statement of before) yield Buffer.from(`${statement}\n`)
  yield CREATE_STATEMENTS
  for (const extension of extensions) yield* createExtension(extension)
  for (const archive of archives) {
    // PUBLIC has USAGE on the schema public by default, and pg_dump does not write this grant. When public is
    // restored alone, restore.sh grants it.
    const opens =
      archive.schema === 'public' && archives.length > 1 && archive.known?.publicUsageRevoked !== true
    if (opens) yield Buffer.from('ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;\n')
    yield* definitionsOf(scan(archive, {counted: false}))
    if (opens) yield Buffer.from('ALTER DEFAULT PRIVILEGES REVOKE USAGE ON SCHEMAS FROM PUBLIC;\n')
  }
  yield runStatements(ALL, {isRequired: false})
  // A table can need a primary key: its default calls a function that reads a materialized view that groups by the key. Only
  // then are the keys created before the rows, because rows are loaded faster into a table that has no index yet.
  yield* lateDefinitions.map(toRow)
  yield runStatements(TABLES)
  for (const archive of archives) {
    for await (const part of splitDump(scan(archive, {counted: true}))) {
      if (part.section === 'rows') yield part.text
      else if (isSkipped(part)) skippedForeignKeys.push(part.foreignKey!.name)
      else if (part.section === 'afterwards') afterwards.push(toRow(part))
      else if (part.section === 'refreshes') refreshes.push(toRow(part))
      else if (part.section === 'foreign keys') foreignKeys.push(part.text)
      else if (part.section === 'default privileges') privileges.push(part.text)
    }
  }
  yield* afterwards
  // pg_dump gives a view that needs a primary key a body without rows, and the real one afterwards: a refresh before that
  // would succeed, with a row of nulls. But an index can need a refresh: it calls a function that reads a materialized view.
  yield runStatements(ALL, {isRequired: false})
  yield* refreshes
  yield runStatements(ALL)
  yield* foreignKeys
  yield* privileges
}

/** An extension can require another one, also of an archive, so that its statement may have to be repeated. */
function createExtension({name, schema}: Manifest['extensions'][number]): Buffer[] {
  // The names come from a manifest. The server refuses to create a schema of the system, also if it exists.
  const create = `CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)};\n`
  return [
    ...(schema.startsWith('pg_')
      ? []
      : [Buffer.from(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};\n`)]),
    toRow({type: 'EXTENSION', text: Buffer.from(create)}),
  ]
}

/** Emits what comes before the rows of a dump; the definitions as rows of the table of statements. */
async function* definitionsOf(dump: AsyncIterable<Part>): AsyncGenerator<Buffer> {
  for await (const part of splitDump(dump)) {
    if (part.section === 'settings' || part.section === 'schemas') yield part.text
    else if (part.section === 'definitions') yield toRow(part)
    else return
  }
}

const CREATE_STATEMENTS = Buffer.from(
  'CREATE TEMPORARY TABLE aquastream_statements (step serial, type text, statement text) ON COMMIT DROP;\n',
)

function toRow({type, text}: Pick<DumpPart, 'type' | 'text'>): Buffer {
  const values = `${literal(type ?? '')}, ${literal(text.toString('latin1'))}`
  return Buffer.from(
    `INSERT INTO pg_temp.aquastream_statements (type, statement) VALUES (${values});\n`,
    'latin1',
  )
}

/** The statements that must have succeeded, as a condition in SQL. */
const [TABLES, ALL] = ["type = 'TABLE'", 'true'] as const

/**
 * Runs the statements in order and repeats the failed ones, as long as a wanted one is left and each pass makes progress. The
 * other statements stay in the table.
 * @param isRequired the error of the first wanted statement that is left fails the restore
 */
function runStatements(wanted: typeof TABLES | typeof ALL, {isRequired} = {isRequired: true}): Buffer {
  return Buffer.from(`DO $aquastream$
DECLARE
	item record;
	progress bool := true;
	failed text;
BEGIN
	WHILE progress AND EXISTS (SELECT FROM pg_temp.aquastream_statements WHERE ${wanted}) LOOP
		progress := false;
		-- Any definition can use a cast of an extension. A partition that is attached to a table with a primary key would get
		-- another one if it has none yet.
		FOR item IN SELECT * FROM pg_temp.aquastream_statements ORDER BY type <> 'EXTENSION', type = 'TABLE ATTACH', step LOOP
			BEGIN
				EXECUTE item.statement;
				DELETE FROM pg_temp.aquastream_statements WHERE step = item.step;
				progress := true;
			EXCEPTION WHEN undefined_table OR undefined_column OR undefined_function OR undefined_object
				OR invalid_schema_name OR object_not_in_prerequisite_state OR grouping_error THEN NULL;
			END;
		END LOOP;
	END LOOP;
	SELECT statement INTO failed FROM pg_temp.aquastream_statements WHERE ${isRequired} AND ${wanted} ORDER BY step LIMIT 1;
	IF FOUND THEN
		EXECUTE failed;
	END IF;
END $aquastream$;
`)
}
