import {randomBytes} from 'node:crypto'
import {AquastreamError} from '../../errors.js'
import {endBackends} from '../../postgres/backends.js'
import {readOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'
import type {Session} from '../../postgres/session.js'
import {PLATFORM} from '../../stack/schemas.js'
import {jsonLiteral} from '../../system/text/sql-quote.js'
import {chooseAmong} from '../../system/text/suggest.js'
import type {Archive, Manifest} from '../repository/manifest.js'
import {quoteTyped} from '../../system/text/typed.js'

/** A schema of the server, and the bytes that its tables and indexes occupy on the disk of the server. */
export interface SchemaSize {
  name: string
  bytes: number
}

/**
 * Lists all schemas except those of the system, and `public` only if it contains something that is not part of an
 * extension: a table, a function or a type can be what another schema needs.
 * @param measured the schemas whose size is needed, by default all; measuring waits for locked tables, and the size
 *   of the others is 0
 * @throws SqlError; database-unreachable
 */
export function listSchemas(session: Session, measured?: string[]): Promise<SchemaSize[]> {
  const wanted = measured
    ? `n.nspname IN (SELECT json_array_elements_text(${jsonLiteral(measured)}))`
    : 'true'
  return session.json(`
    SELECT coalesce(json_agg(json_build_object('name', nspname, 'bytes', bytes) ORDER BY nspname), '[]')
    FROM (
      SELECT n.nspname, coalesce(sum(pg_total_relation_size(c.oid)) FILTER (WHERE ${wanted}), 0) AS bytes
      FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm')
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      GROUP BY n.oid, 1 HAVING n.nspname <> 'public' OR EXISTS (
        SELECT FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND deptype = 'n'
          AND (d.classid, d.objid) NOT IN (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
          AND d.classid <> 'pg_extension'::regclass)
    ) s`)
}

/**
 * Chooses the schemas to back up: the named ones, else those of the platform, and with `all` the others too.
 * `unknown` are the others if they are skipped.
 * @throws no-such-schema
 */
export function chooseSchemas(
  existing: SchemaSize[],
  {schemas, all}: {schemas: string[]; all: boolean},
): {chosen: SchemaSize[]; unknown: string[]} {
  const named = schemas.length > 0
  const wanted = named ? schemas : PLATFORM
  const missing = wanted.filter(name => !existing.some(schema => schema.name === name))
  if (missing.length > 0) throw noSuchSchema(missing, existing)
  const others = existing.filter(({name}) => !wanted.includes(name))
  return {
    chosen: existing.filter(({name}) => wanted.includes(name) || (all && !named)),
    unknown: named || all ? [] : others.map(({name}) => name),
  }
}

function noSuchSchema(missing: string[], existing: SchemaSize[]): AquastreamError {
  const names = existing.map(({name}) => name)
  const [first = ''] = missing
  const quoted = missing.map(quoteTyped).join(', ')
  return new AquastreamError('no-such-schema', `the database does not contain schema ${quoted}`, {
    hint:
      names.length > 0
        ? `${chooseAmong(first, names)}; --schema NAME selects a single schema`
        : 'the services create their schemas when they start: aquastream env:up',
  })
}

/** The part of a manifest that comes from the server. */
export interface Facts {
  server: Manifest['server']
  extensions: Manifest['extensions']
  schemas: Pick<Archive, 'schema' | 'tables' | 'extensions' | 'links' | 'publicUsageRevoked'>[]
}

/**
 * Reads the rows, extensions and links of schemas, in a snapshot or now.
 * @param source the server; the session terminates the count of rows when the signal aborts
 * @throws database-unreachable; the reason of the signal
 */
export async function readFacts(
  {server, session}: {server: Server; session: Session},
  schemas: string[],
  {snapshot = '', database, signal}: {snapshot?: string; database: string | undefined; signal: AbortSignal},
): Promise<Facts> {
  const application = `aquastream facts ${randomBytes(4).toString('hex')}`
  const program = server.run('backup', ['facts', snapshot, JSON.stringify(schemas)], {database, application})
  let ending: Promise<void> | undefined
  const end = (): void => {
    program.kill()
    ending = endBackends(session, application).catch(() => undefined)
  }
  signal.addEventListener('abort', end, {once: true})
  try {
    return JSON.parse(await readOutput(program)) as Facts
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', end)
    await ending
  }
}

/**
 * Exports a snapshot of the session, which is valid until the work has finished.
 * @throws SqlError; database-unreachable; also the errors of the work
 */
export async function withSnapshot<T>(session: Session, work: (snapshot: string) => Promise<T>): Promise<T> {
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const snapshot = await session.json<string>('SELECT to_json(pg_export_snapshot())')
  const result = await work(snapshot)
  await session.query('COMMIT')
  return result
}

/**
 * Returns the extensions installed in each of these schemas: their archives must create them.
 * @throws SqlError; database-unreachable
 */
export async function extensionsIn(session: Session, schemas: string[]): Promise<Map<string, string[]>> {
  const rows = await session.json<{schema: string; name: string}[]>(`
    SELECT coalesce(json_agg(json_build_object('schema', nspname, 'name', extname)), '[]')
    FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
    WHERE nspname IN (SELECT json_array_elements_text(${jsonLiteral(schemas)}))`)
  const found = new Map<string, string[]>()
  for (const {schema, name} of rows) found.set(schema, [...(found.get(schema) ?? []), name])
  return found
}

/**
 * Returns the tables that were truncated or rewritten since the snapshot. Such a table appears empty in the
 * snapshot.
 * https://www.postgresql.org/docs/current/mvcc-caveats.html
 * @throws database-unreachable
 */
export async function rewrittenSince(
  server: Server,
  schemas: string[],
  {snapshot, database}: {snapshot: string; database: string | undefined},
): Promise<string[]> {
  const args = ['rewritten', snapshot, JSON.stringify(schemas)]
  return JSON.parse(await readOutput(server.run('backup', args, {database}))) as string[]
}
