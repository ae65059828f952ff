import {join} from 'node:path'
import type {Context} from '../engines/engine.js'
import {AquastreamError, type Problem} from '../errors.js'
import {sparesBackup, SqlError} from '../postgres/failures.js'
import {reachServer, type Server, type ServerRequest} from '../postgres/server.js'
import {refusedAs} from '../postgres/session.js'
import {checkDump} from './archive/check-dump.js'
import {checkArchive} from './archive/read.js'
import type {BackupSet} from './repository/backup-set.js'
import {findSet} from './repository/find.js'
import {type BackupRequest, backupRoot} from './repository/location.js'
import {rowsIn} from './repository/manifest.js'
import {listSets} from './repository/sets.js'
import {fromSet, type RestoreSource} from './restore/source.js'
import {type TestRestore, withTestRestore} from './restore/test-restore.js'

export interface VerifyRequest extends BackupRequest, ServerRequest {
  /** IDs, or beginnings of them; all when empty. */
  ids: string[]
  /** Also restore each into a scratch database. */
  restore: boolean
}

export interface VerifyEvent {
  type: 'set'
  id: string
  state: 'checking' | 'restoring' | 'done'
  detail: string
}

/** What was found out about one set. */
export interface Verdict {
  id: string
  good: boolean
  /** What is wrong with it. */
  reason: string | undefined
  archives: number
  bytes: number
  rows: number
  /** Of the rehearsal, in the scratch database; nothing without one. */
  restoreSeconds: number | undefined
}

export interface VerifyReport {
  directory: string
  good: boolean
  sets: Verdict[]
}

/**
 * Proves backups: checksums, packed streams to their end, the last line of each dump; with `restore` also that
 * everything comes back with the rows that it had. Changes no backup and no database but its own.
 */
export async function verifyBackups(
  request: VerifyRequest,
  ctx: Context<VerifyEvent>,
): Promise<VerifyReport> {
  const root = await backupRoot(request)
  const sets = await listSets(root)
  const chosen = request.ids.length > 0 ? request.ids.map(id => findSet(sets, id, root)) : sets
  if (chosen.length === 0) findSet(sets, 'latest', root)
  const server = await reachServerFor(request, chosen)
  const verdicts: Verdict[] = []
  const verifyAll = async (testRestore?: TestRestore): Promise<void> => {
    for (const set of chosen) verdicts.push(await verifyOne(set, {server, testRestore}, ctx))
  }
  if (request.restore && server) await withTestRestore(server, verifyAll).catch(refusedAs('database-refused'))
  else await verifyAll()
  return {directory: root, good: verdicts.every(({good}) => good), sets: verdicts}
}

/** Checksums need no server; other packings than gzip are unpacked beside it. */
async function reachServerFor(request: VerifyRequest, sets: BackupSet[]): Promise<Server | undefined> {
  const gzip = sets.every(({manifest}) =>
    manifest?.archives.every(({format, compression}) => format === 'plain' && compression !== 'zstd'),
  )
  return request.restore || !gzip ? reachServer(request) : undefined
}

/** The problem of a report that is not good. */
export function findDamage({sets}: VerifyReport): Problem | undefined {
  const bad = sets.filter(({good}) => !good)
  if (bad.length === 0) return undefined
  return {
    code: 'archive-damaged',
    message: bad.map(({id, reason}) => `${id}: ${reason}`).join('; '),
    hint: 'take a new backup now: aquastream db:backup; a set that is not good can still hold good archives',
  }
}

/** What a backup is verified with. */
interface VerifyMeans {
  server: Server | undefined
  testRestore: TestRestore | undefined
}

async function verifyOne(
  set: BackupSet,
  {server, testRestore}: VerifyMeans,
  {on, signal}: Context<VerifyEvent>,
): Promise<Verdict> {
  const {id, bytes} = set
  const verdict = {
    id,
    archives: set.schemas.length,
    bytes,
    rows: rowsIn(set.manifest?.archives ?? []),
    restoreSeconds: undefined,
  }
  try {
    on({type: 'set', id, state: 'checking', detail: 'checksums'})
    const source = fromSet(set, undefined)
    await checkFiles(source, server, signal)
    if (!testRestore) return {...verdict, good: true, reason: undefined}
    on({type: 'set', id, state: 'restoring', detail: 'into a scratch database'})
    return {...verdict, good: true, reason: undefined, restoreSeconds: await testRestore(source, signal)}
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof AquastreamError) || !tells(error)) throw error
    const why = error.code === 'restore-failed' ? 'it cannot be restored: ' : ''
    return {...verdict, good: false, reason: `${why}${error.message}`}
  } finally {
    on({type: 'set', id, state: 'done', detail: 'done'})
  }
}

/** Whether a failure says something about the backup: a rehearsal also ends with its connection or its disk. */
function tells({code, cause}: AquastreamError): boolean {
  if (code !== 'restore-failed') return code === 'archive-damaged'
  return cause instanceof SqlError && !sparesBackup(cause)
}

async function checkFiles(
  {archives, manifest, directory}: RestoreSource,
  server: Server | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const archive of archives) {
    signal.throwIfAborted()
    await checkDump(archive, {server})
  }
  const {file, sha256, bytes} = manifest!.globals
  await checkArchive({path: join(directory, file), sha256, bytes})
}
