import {join} from 'node:path'
import type {Profile} from '../config/profile.js'
import {AquastreamError} from '../errors.js'
import type {Context} from '../engines/engine.js'
import {findProfile} from '../engines/open.js'
import {lockDatabase} from '../postgres/lock.js'
import {reachServer, type Server, type ServerRequest} from '../postgres/server.js'
import {refusedAs, type Session, withSession} from '../postgres/session.js'
import {checkVersions} from '../postgres/versions.js'
import {version} from '../system/version.js'
import {DumpFailed, type Written, writeArchive} from './archive/write.js'
import {type ArchiveForm, compressionArgument, requireCompression, suffixOf} from './archive/format.js'
import {explainDump} from './dump/failure.js'
import {findLeftOut} from './dump/not-backed-up.js'
import {sweepLeftovers} from './repository/leftovers.js'
import {withDirectoryLock} from './repository/lock.js'
import {allOrFirstError, inParallel} from './dump/parallel.js'
import {type Manifest, rowsIn} from './repository/manifest.js'
import {type BackupRequest, backupRoot} from './repository/location.js'
import {DEFAULT_POLICY} from './retention.js'
import {rotateLocked} from './rotate.js'
import {archiveName, type Draft, withDraft} from './repository/publish.js'
import {listSets} from './repository/sets.js'
import {
  chooseSchemas,
  extensionsIn,
  listSchemas,
  readFacts,
  rewrittenSince,
  type SchemaSize,
  withSnapshot,
} from './dump/snapshot.js'

export interface CreateRequest extends BackupRequest, ServerRequest, ArchiveForm {
  /** Dumps at the same time. */
  jobs: number
  /** The platform's when empty. */
  schemas: string[]
  /** With those that the platform does not know. */
  allSchemas: boolean
  label: string | undefined
  pin: boolean
  /** Delete afterwards what the usual policy does not keep. */
  rotate: boolean
}

export type BackupEvent =
  | {type: 'notice'; text: string}
  | {type: 'schemas'; schemas: string[]}
  /** `expected` are the bytes of the last backup, when there is one. */
  | {type: 'archive'; schema: string; state: 'running' | 'done'; bytes: number; expected: number | undefined}

export interface BackupReport extends SetReport {
  profile: Profile
  /** Sets that were deleted afterwards, when that was asked for. */
  rotated?: string[]
}

/** One set that was written. */
export interface SetReport {
  id: string
  path: string
  server: string
  schemas: {schema: string; rows: number; bytes: number}[]
  bytes: number
  seconds: number
}

/** Backs up schemas as they all were at one moment, into a new set; when it fails there is none. */
export async function createBackup(asked: CreateRequest, ctx: Context<BackupEvent>): Promise<BackupReport> {
  // Found once: a stack that starts meanwhile must not put one profile's data among the other's.
  const request = {...asked, profile: await findProfile(asked)}
  const root = await backupRoot(request)
  const server = await reachServer(request)
  return withDirectoryLock(root, 'db:backup', lost =>
    withSession(server, {application: 'aquastream db:backup'}, async session => {
      await lockDatabase(session, server)
      await sweepLeftovers(root)
      const {chosen, unknown} = chooseSchemas(await listSchemas(session), {
        ...request,
        all: request.allSchemas,
      })
      if (unknown.length > 0) ctx.on({type: 'notice', text: notTaken(unknown)})
      const names = chosen.map(({name}) => name)
      for (const text of await findLeftOut(session, names)) ctx.on({type: 'notice', text})
      const signal = AbortSignal.any([ctx.signal, lost])
      const set = {...request, root, chosen, kind: 'backup' as const}
      const written = await writeSet(set, {server, session}, {on: ctx.on, signal})
      const report = {...written, profile: request.profile}
      if (!request.rotate) return report
      const {deleted} = await rotateLocked(root, DEFAULT_POLICY, {on: () => undefined, signal})
      return {...report, rotated: deleted.map(({id}) => id)}
    }),
  ).catch(refusedAs('backup-failed'))
}

export interface SetRequest extends ArchiveForm {
  jobs: number
  root: string
  chosen: SchemaSize[]
  kind: Manifest['kind']
  label: string | undefined
  pin: boolean
  database?: string | undefined
}

/** Where a set comes from; the session holds the lock of the database. */
export interface Source {
  server: Server
  session: Session
}

/** So often a set is taken again because a table was rewritten meanwhile. */
const ATTEMPTS = 3

/** Writes one complete set. Whoever calls it holds the locks of directory and database. */
export async function writeSet(
  request: SetRequest,
  source: Source,
  ctx: Context<BackupEvent>,
): Promise<SetReport> {
  const began = performance.now()
  const pgDump = await checkVersions(source.server, source.session)
  requireCompression(request, pgDump)
  const last = await lastSizes(request.root)
  ctx.on({type: 'schemas', schemas: request.chosen.map(({name}) => name)})
  for (let attempt = 1; ; attempt++) {
    try {
      const {path, manifest} = await withDraft(request.root, new Date(), request, draft =>
        withSnapshot(source.session, snapshot =>
          dumpAll({request, source, snapshot, draft, pgDump, last}, ctx),
        ),
      )
      return toReport(path, manifest, source.server, performance.now() - began)
    } catch (error) {
      if (!(error instanceof Rewritten)) throw error
      if (attempt === ATTEMPTS) throw keepsChanging(error.tables)
      await source.session.query('ROLLBACK')
      ctx.on({
        type: 'notice',
        text: `${error.tables.join(', ')} was truncated or rewritten meanwhile: once more`,
      })
    }
  }
}

interface Job {
  request: SetRequest
  source: Source
  snapshot: string
  draft: Draft
  pgDump: string
  last: Map<string, number>
}

async function dumpAll(job: Job, {on, signal}: Context<BackupEvent>): Promise<Manifest> {
  const {request, source, snapshot, draft, pgDump} = job
  const schemas = request.chosen.map(({name}) => name)
  const extensions = await extensionsIn(source.session, schemas)
  const at = {snapshot, database: request.database}
  const failed = new AbortController()
  const until = AbortSignal.any([signal, failed.signal])
  // One that fails ends the others; all have ended when this goes on.
  const part = async <T>(work: Promise<T>): Promise<T> => {
    return work.catch((error: unknown) => {
      failed.abort(error)
      throw error
    })
  }
  const dump = (schema: string): Promise<Written & {file: string}> =>
    part(dumpSchema(job, {schema, extensions: extensions.get(schema) ?? []}, {on, signal: until}))
  // The largest first: what is started last ends last.
  const largestFirst = request.chosen.toSorted((a, b) => b.bytes - a.bytes).map(({name}) => name)
  const [facts, globals, archives] = await allOrFirstError([
    part(readFacts(source, schemas, {...at, signal: until})),
    part(dumpGlobals(job, until)),
    inParallel(largestFirst, request.jobs, dump),
  ]).catch(async () => {
    // The others only ended because of the first.
    const error: unknown = failed.signal.reason
    throw error instanceof DumpFailed ? await explainDump(error, {...source, schemas, form: request}) : error
  })
  const rewritten = await rewrittenSince(source.server, schemas, at)
  if (rewritten.length > 0) throw new Rewritten(rewritten)
  return {
    format: 1,
    id: draft.id,
    kind: request.kind,
    ...(request.label !== undefined && {label: request.label}),
    server: facts.server,
    tools: {aquastream: version, pgDump},
    archives: facts.schemas.map(found => ({
      ...found,
      format: request.format,
      compression: request.compression,
      ...archives.get(found.schema)!,
    })),
    extensions: facts.extensions,
    globals,
  }
}

async function dumpSchema(
  {request, source, snapshot, draft, last}: Job,
  {schema, extensions}: {schema: string; extensions: string[]},
  {on, signal}: Context<BackupEvent>,
): Promise<Written & {file: string}> {
  signal.throwIfAborted()
  const file = archiveName(schema, draft.id, suffixOf(request))
  const expected = last.get(schema)
  const args = ['dump', schema, snapshot, request.format, compressionArgument(request), ...extensions]
  const program = source.server.run('backup', args, {database: request.database})
  const report = (state: 'running' | 'done', bytes: number): void => {
    on({type: 'archive', schema, state, bytes, expected})
  }
  const onBytes = (bytes: number): void => {
    report('running', bytes)
  }
  const written = await writeArchive(program, join(draft.path, file), {what: schema, onBytes, signal})
  program.stdin.end()
  report('done', written.bytes)
  return {file, ...written}
}

async function dumpGlobals({source, draft}: Job, signal: AbortSignal): Promise<Manifest['globals']> {
  const file = `globals_${draft.id}.sql.gz`
  const program = source.server.run('backup', ['globals'])
  program.stdin.end()
  const options = {what: 'the roles', onBytes: () => undefined, signal}
  return {file, ...(await writeArchive(program, join(draft.path, file), options))}
}

async function lastSizes(root: string): Promise<Map<string, number>> {
  const last = (await listSets(root)).find(({state}) => state === 'complete')
  return new Map(last?.manifest?.archives.map(({schema, bytes}) => [schema, bytes]))
}

/** A table shows no rows in the snapshot although it had some. */
class Rewritten extends Error {
  constructor(readonly tables: string[]) {
    super('rewritten')
  }
}

function keepsChanging(tables: string[]): AquastreamError {
  return new AquastreamError(
    'backup-failed',
    `${tables.join(', ')} was truncated or rewritten during each of ${ATTEMPTS} attempts`,
    {hint: 'run the backup when that job has ended'},
  )
}

function notTaken(schemas: string[]): string {
  return `not part of the platform and not backed up: ${schemas.join(', ')}; --all-schemas takes them too`
}

function toReport(path: string, {id, archives}: Manifest, server: Server, ms: number): SetReport {
  const schemas = archives.map(archive => ({
    schema: archive.schema,
    rows: rowsIn([archive]),
    bytes: archive.bytes,
  }))
  return {
    id,
    path,
    server: server.name,
    schemas,
    bytes: schemas.reduce((sum, {bytes}) => sum + bytes, 0),
    seconds: Math.round(ms / 100) / 10,
  }
}
