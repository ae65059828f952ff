import {join} from 'node:path'
import type {Context} from '../../engines/engine.js'
import {SqlError} from '../../postgres/failures.js'
import type {Server} from '../../postgres/server.js'
import type {Session} from '../../postgres/session.js'
import type {Tools} from '../../postgres/versions.js'
import {flush} from '../../system/files/disk.js'
import {version} from '../../system/version.js'
import {type ArchiveForm, compressionArgument, encodingOf, suffixOf} from '../archive/format.js'
import type {DumpedTable} from '../archive/tables.js'
import {DumpFailed, type Written, writeArchive} from '../archive/write.js'
import type {Manifest} from '../repository/manifest.js'
import {archiveName, type Draft} from '../repository/publish.js'
import {SchemaChangedError, haveDefinitionsChanged} from './changes.js'
import {explainDump} from './failure.js'
import {allOrFirstError, inParallel} from './parallel.js'
import {compareWithServer, readBack} from './read-back.js'
import {extensionsIn, readFacts, rewrittenSince, type SchemaSize} from './snapshot.js'

/** Reports the progress of a backup. */
export type BackupEvent =
  | {type: 'notice'; text: string}
  | {type: 'schemas'; schemas: string[]}
  /** `bytes` is the size written so far, `expected` the size in the last backup, if there is one. */
  | {type: 'archive'; schema: string; state: 'running' | 'done'; bytes: number; expected: number | undefined}

/** What a backup contains, and how its archives are written. */
export interface DumpRequest extends ArchiveForm {
  /** Number of parallel dumps. */
  jobs: number
  chosen: SchemaSize[]
  kind: Manifest['kind']
  label: string | undefined
  /** The database to back up; by default the one of the URL or the stack. */
  database?: string | undefined
}

/** The server to back up. The session holds the advisory lock of the database. */
export interface DumpSource {
  server: Server
  session: Session
  /** The client tools of the server, which are found out meanwhile. */
  tools: Promise<Tools>
}

/** One attempt to dump all schemas from one snapshot. */
interface Dump {
  request: DumpRequest
  source: DumpSource
  snapshot: string
  draft: Draft
  pgDump: string
  /** The program that compresses the archives, if it is not pg_dump. */
  compressor: string | undefined
  /** Bytes of each schema in the last backup. */
  last: Map<string, number>
}

/**
 * Writes the archives of all schemas and of the roles into the draft, in parallel.
 * @throws SchemaChangedError: the schemas changed during the dump; backup-failed, disk-full, backup-directory; SqlError
 */
export async function dump(job: Dump, {on, signal}: Context<BackupEvent>): Promise<Manifest> {
  const {request, source, snapshot, draft, pgDump, compressor} = job
  const schemas = request.chosen.map(({name}) => name)
  const extensions = await extensionsIn(source.session, schemas)
  const at = {snapshot, database: request.database}
  const failed = new AbortController()
  const until = AbortSignal.any([signal, failed.signal])
  // The first failure aborts the rest; go on when all have settled.
  const part = async <T>(work: Promise<T>): Promise<T> => {
    return work.catch((error: unknown) => {
      failed.abort(error)
      throw error
    })
  }
  const dumpOne = (schema: string): Promise<DumpedSchema> =>
    part(dumpSchema(job, {schema, extensions: extensions.get(schema) ?? []}, {on, signal: until}))
  // Start the largest first, because the last one started is likely to end last.
  const largestFirst = request.chosen.toSorted((a, b) => b.bytes - a.bytes).map(({name}) => name)
  const [facts, globals, archives] = await allOrFirstError([
    part(readFacts(source, schemas, {...at, signal: until})),
    part(dumpGlobals(job, until)),
    inParallel(largestFirst, request.jobs, dumpOne),
  ]).catch(async () => {
    // Report the first failure: the others were aborted because of it.
    throw await explain(job, failed.signal.reason)
  })
  const rewritten = await rewrittenSince(source.server, schemas, at)
  if (rewritten.length > 0) throw new SchemaChangedError(`${rewritten.join(', ')} was truncated or rewritten`)
  for (const {schema, tables} of facts.schemas) {
    const dumped = archives.get(schema)!.tables
    if (dumped) compareWithServer(schema, tables, dumped)
  }
  return {
    format: 1,
    id: draft.id,
    kind: request.kind,
    ...(request.label !== undefined && {label: request.label}),
    server: facts.server,
    tools: {aquastream: version, pgDump, ...(compressor !== undefined && {compressor})},
    archives: facts.schemas.map(found => ({
      ...found,
      format: request.format,
      compression: request.compression,
      ...archives.get(found.schema)!.written,
    })),
    extensions: facts.extensions,
    globals,
  }
}

/** The archive of one schema, and the tables that were found in it. */
interface DumpedSchema {
  written: Written & {file: string}
  tables: DumpedTable[] | undefined
}

async function dumpSchema(
  {request, source, snapshot, draft, last, compressor}: Dump,
  {schema, extensions}: {schema: string; extensions: string[]},
  {on, signal}: Context<BackupEvent>,
): Promise<DumpedSchema> {
  signal.throwIfAborted()
  const file = archiveName(schema, draft.id, suffixOf(request))
  const expected = last.get(schema)
  const args = [
    'dump',
    schema,
    snapshot,
    request.format,
    compressionArgument(request, compressor),
    ...extensions,
  ]
  const program = source.server.run('backup', args, {database: request.database})
  const report = (state: 'running' | 'done', bytes: number): void => {
    on({type: 'archive', schema, state, bytes, expected})
  }
  const onBytes = (bytes: number): void => {
    report('running', bytes)
  }
  const path = join(draft.path, file)
  const written = await writeArchive(program, path, {what: schema, onBytes, signal})
  program.stdin.end()
  const archive = {path, schema, encoding: encodingOf(request), ...written}
  const [tables] = await allOrFirstError([readBack(archive, source.server, signal), flush(path)])
  if (!tables)
    on({
      type: 'notice',
      text: `the archive of ${schema} was not checked, because the program that reads its format is not installed`,
    })
  report('done', written.bytes)
  return {written: {file, ...written}, tables}
}

async function dumpGlobals({source, draft}: Dump, signal: AbortSignal): Promise<Manifest['globals']> {
  const file = `globals_${draft.id}.sql.gz`
  const program = source.server.run('backup', ['globals'])
  program.stdin.end()
  const path = join(draft.path, file)
  const written = await writeArchive(program, path, {what: 'the roles', onBytes: () => undefined, signal})
  await flush(path)
  return {file, ...written}
}

/** Returns the error to report for a failed dump. */
async function explain({request, source, compressor}: Dump, error: unknown): Promise<unknown> {
  if (!(error instanceof DumpFailed || error instanceof SqlError)) return error
  const schemas = request.chosen.map(({name}) => name)
  const changed = await haveDefinitionsChanged(source, schemas, request.database).catch(() => false)
  if (changed) return new SchemaChangedError('a table or another object was altered, created or dropped')
  // With a compressor, pg_dump itself compresses nothing.
  const form = compressor === undefined ? request : {...request, compression: 'none' as const}
  return error instanceof DumpFailed ? explainDump(error, {...source, schemas, form}) : error
}
