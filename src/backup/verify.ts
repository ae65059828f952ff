import {join} from 'node:path'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError, type Problem} from '../errors.js'
import {isServerFault, SqlError} from '../postgres/failures.js'
import {reachServer, type Server} from '../postgres/server.js'
import {refusedAs} from '../postgres/session.js'
import {checkDump} from './archive/check-dump.js'
import {checkArchive} from './archive/read.js'
import type {DumpPart} from './archive/split-dump.js'
import type {BackupSet} from './repository/backup-set.js'
import {findSet} from './repository/find.js'
import {rowsIn} from './repository/manifest.js'
import {listSets, readSet} from './repository/sets.js'
import {fromSet, type RestoreSource} from './restore/source.js'
import {type TestRestore, withTestRestore} from './restore/test-restore.js'

/** Selects the backups that `db:verify` checks. */
export interface VerifyRequest {
  stack: StackContext
  /** IDs, or the beginnings of IDs; an empty list means all backups. */
  ids: string[]
  /** Also run a test restore of each backup. */
  restore: boolean
}

/** Reports the progress of one backup. */
export interface VerifyEvent {
  type: 'set'
  id: string
  /** `deleted`: it was deleted in the meantime, as rotation does, and is left out. */
  state: 'checking' | 'restoring' | 'deleted' | 'done'
  detail: string
}

/** The result of verifying one backup. */
export interface VerifiedSet {
  id: string
  valid: boolean
  /** Why the backup is damaged. */
  reason: string | undefined
  archives: number
  bytes: number
  rows: number
  /** Seconds that the test restore took; undefined without one. */
  restoreSeconds: number | undefined
}

/** The JSON of `db:verify`. */
export interface VerifyReport {
  directory: string
  valid: boolean
  sets: VerifiedSet[]
}

/**
 * Verifies backups: checksums, compressed streams to their end, and the last line of each dump; with `restore` also
 * that a test restore succeeds and has the same numbers of rows. Changes no backup, and no database except the
 * scratch database. Backups that are deleted in the meantime are left out.
 * @throws no-such-backup, busy, database-refused, database-unreachable; also the errors of `reachServer`
 */
export async function verifyBackups(
  request: VerifyRequest,
  ctx: Context<VerifyEvent>,
): Promise<VerifyReport> {
  const root = request.stack.backups
  const sets = await listSets(root)
  const chosen = request.ids.length > 0 ? request.ids.map(id => findSet(sets, id, root)) : sets
  if (chosen.length === 0) findSet(sets, 'latest', root)
  const server = await reachServerFor(request, chosen)
  const verified: VerifiedSet[] = []
  const verifyAll = async (testRestore?: TestRestore): Promise<void> => {
    for (const set of chosen) verified.push(...(await verifyOne(set, {root, server, testRestore}, ctx)))
  }
  if (request.restore && server) await withTestRestore(server, verifyAll).catch(refusedAs('database-refused'))
  else await verifyAll()
  if (verified.length === 0) findSet([], chosen[0]!.id, root)
  return {directory: root, valid: verified.every(({valid}) => valid), sets: verified}
}

/** Only archives that Node cannot decompress, and test restores, need a server. */
async function reachServerFor(request: VerifyRequest, sets: BackupSet[]): Promise<Server | undefined> {
  const gzip = sets.every(({manifest}) =>
    manifest?.archives.every(({format, compression}) => format === 'plain' && compression !== 'zstd'),
  )
  return request.restore || !gzip ? reachServer(request.stack) : undefined
}

/** Returns the problem of a report with damaged backups; undefined when all are valid. */
export function findDamage({sets}: VerifyReport): Problem | undefined {
  const bad = sets.filter(({valid}) => !valid)
  if (bad.length === 0) return undefined
  return {
    code: 'archive-damaged',
    message: bad.map(({id, reason}) => `${id}: ${reason}`).join('; '),
    hint: 'take a new backup now: aquastream db:backup; other archives of a damaged backup can still be valid',
  }
}

/** What is available to verify a backup. */
interface VerifyMeans {
  root: string
  server: Server | undefined
  testRestore: TestRestore | undefined
}

/** Verifies one backup. Returns nothing if it was deleted in the meantime. */
async function verifyOne(
  set: BackupSet,
  {root, server, testRestore}: VerifyMeans,
  {on, signal}: Context<VerifyEvent>,
): Promise<VerifiedSet[]> {
  const {id, bytes} = set
  const verdict = {
    id,
    archives: set.schemas.length,
    bytes,
    rows: rowsIn(set.manifest?.archives ?? []),
    restoreSeconds: undefined,
  }
  try {
    on({type: 'set', id, state: 'checking', detail: 'verifying archives'})
    const source = fromSet(set, undefined)
    const lateDefinitions = await checkFiles(source, server, signal)
    if (!testRestore) return [{...verdict, valid: true, reason: undefined}]
    on({type: 'set', id, state: 'restoring', detail: 'restoring into a scratch database'})
    const restoreSeconds = await testRestore({...source, lateDefinitions}, signal)
    return [{...verdict, valid: true, reason: undefined, restoreSeconds}]
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof AquastreamError) || !isBackupFault(error)) throw error
    if (!readSet(root, id)) {
      on({type: 'set', id, state: 'deleted', detail: 'was deleted during the verification and is skipped'})
      return []
    }
    const why = error.code === 'restore-failed' ? 'it cannot be restored: ' : ''
    return [{...verdict, valid: false, reason: `${why}${error.message}`}]
  } finally {
    on({type: 'set', id, state: 'done', detail: 'done'})
  }
}

/** Returns whether the backup is at fault, not the server or the connection. */
function isBackupFault({code, cause}: AquastreamError): boolean {
  if (code !== 'restore-failed') return code === 'archive-damaged'
  return cause instanceof SqlError && !isServerFault(cause)
}

/** @returns the definitions that the archives contain after their rows */
async function checkFiles(
  {archives, manifest, directory}: RestoreSource,
  server: Server | undefined,
  signal: AbortSignal,
): Promise<DumpPart[]> {
  const lateDefinitions: DumpPart[] = []
  for (const archive of archives)
    lateDefinitions.push(...(await checkDump(archive, server, signal)).lateDefinitions)
  const {file, sha256, bytes} = manifest!.globals
  await checkArchive({path: join(directory, file), sha256, bytes})
  return lateDefinitions
}
