import {listUsable} from '../backup/repository/find.js'
import {listSets} from '../backup/repository/sets.js'
import type {BackupSet} from '../backup/repository/backup-set.js'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError, throwProblems} from '../errors.js'
import {together} from '../system/async/together.js'
import {checkRepository} from './check.js'
import {recordOwn, recordSeen} from './rotation/ledger.js'
import {findMissing, leftText} from './missing.js'
import {findStores, type Stores} from './stores/find.js'
import {pushStores, type StoreEvent, type StoresReport} from './stores/push-stores.js'
import {deleteOldDrafts} from './transfer/drafts.js'
import {saveSnapshot} from './transfer/save.js'
import {removeDeadLocks} from './restic/locks.js'
import {openRepository, type Repository} from './restic/repository.js'
import {type Listing, listOwnSnapshots, listSnapshots} from './restic/snapshots.js'
import {requireReadable} from './restic/unreadable.js'
import {readUnverified, readVerified, recordUnverified, unsetUnverified, type Verified} from './verified.js'
import {hasMark, setMark, unsetMark, withOffsiteLock} from './workplace.js'

/** Reports the progress of a push. */
export type PushEvent =
  | {type: 'notice'; text: string}
  | {type: 'tasks'; names: string[]}
  | {type: 'set'; name: string; state: 'running' | 'done'; bytes: number; total: number}
  | StoreEvent
  | {type: 'check'; state: 'running' | 'done'}

/** One backup that a push has copied. */
export interface Pushed {
  /** The ID of the backup. */
  id: string
  bytes: number
  /** Bytes added to the repository; unchanged data is not moved again. */
  moved: number
}

/** The JSON of `offsite:push`. */
export interface PushReport extends StoresReport {
  repository: string
  /** Newest first. */
  pushed: Pushed[]
  /** Number of backups that the repository had already. */
  present: number
  /** Backups that are not complete; they are never pushed. */
  ignored: string[]
}

/**
 * Copies every backup that the off-site repository lacks, then media and Redis as they are now, and checks the metadata
 * of the repository: a damaged one accepts a push without an error. After an interruption, the next push uses what has
 * been moved. If Docker is not available, or the data of a store is not whole, everything else is copied nevertheless.
 * @throws offsite-failed, not-healthy, offsite-damaged, busy, refused; also the errors of `openRepository` and `listSnapshots`
 */
export async function pushOffsite(stack: StackContext, ctx: Context<PushEvent>): Promise<PushReport> {
  const repository = await openRepository(stack, ctx.signal)
  return withOffsiteLock(stack, 'offsite:push', lost =>
    pushLocked(stack, repository, {...ctx, signal: AbortSignal.any([ctx.signal, lost])}),
  )
}

async function pushLocked(
  stack: StackContext,
  repository: Repository,
  ctx: Context<PushEvent>,
): Promise<PushReport> {
  await deleteOldDrafts(stack)
  // restic takes half a second of each start to derive its key, so what can be asked at the same time is.
  const [listing, verified, sets, stores] = await together(ctx.signal, signal => [
    listOwnSnapshots(repository, stack, signal),
    readVerified(stack, repository, signal),
    listSets(stack.backups),
    findStores(stack, repository.settings, signal).catch((error: unknown): Stores => {
      signal.throwIfAborted()
      return {found: [], missing: [], error}
    }),
  ])
  // restic does not save anything beside them.
  requireReadable(listing, repository.name)
  const {ours} = listing
  const complete = sets.filter(({state}) => state === 'complete')
  const {wanted, left} = await findMissing(complete, {repository, ours, verified}, ctx.signal)
  if (left.length > 0) ctx.on({type: 'notice', text: leftText(left)})
  const isContinued = hasMark(stack, 'pushing')
  if (isContinued) await continuePush({stack, repository}, ctx)
  // A rotation that was killed has left its lock, with which restic saves nothing.
  else if (hasMark(stack, 'pruning')) await removeDeadLocks(repository, ctx.signal)
  if (wanted.length + stores.found.length > 0) await setMark(stack, 'pushing')
  await recordUnverified(
    stack,
    wanted.map(({id}) => id),
  )
  const names = [...wanted.map(({id}) => id), ...stores.found.map(({store}) => store), CHECK]
  ctx.on({type: 'tasks', names})
  const pushed: NewSnapshot[] = []
  // Newest first: it is the one that is needed most.
  for (const set of wanted) pushed.push(...(await pushSet(set, {stack, repository}, ctx)))
  const [newest] = listUsable(complete)
  const storesReport = await pushStores({stack, repository, set: newest?.id, ...stores}, ctx)
  ctx.on({type: 'check', state: 'running'})
  const {stallMs} = repository.settings
  const [after] = await together(ctx.signal, signal => [
    listSnapshots(repository, stack, signal),
    checkPushed({stack, repository}, {signal, stallMs}),
  ])
  await recordPushed(pushed, after, {stack, repository, verified})
  await unsetUnverified(stack)
  ctx.on({type: 'check', state: 'done'})
  // A restic whose parent was killed can live a second longer, until it reports its progress.
  if (isContinued) await removeDeadLocks(repository, ctx.signal)
  await unsetMark(stack, 'pushing')
  if ('error' in stores) throw stores.error
  return {
    repository: repository.name,
    pushed: pushed.map(({id, bytes, moved}) => ({id, bytes, moved})),
    present: complete.length - wanted.length - left.length,
    ignored: sets.filter(({state}) => state !== 'complete').map(({id}) => id),
    ...storesReport,
  }
}

/**
 * Checks the repository. After an interruption of this push, the next one rebuilds the index, which must not hide damage.
 * @throws offsite-damaged; the errors of a failed command
 */
async function checkPushed(
  {stack, repository}: {stack: StackContext; repository: Repository},
  options: {signal: AbortSignal; stallMs: number},
): Promise<void> {
  await checkRepository(repository, options).catch(async (error: unknown) => {
    if (error instanceof AquastreamError && error.code === 'offsite-damaged')
      await unsetMark(stack, 'pushing')
    throw error
  })
}

/** A backup that a push has copied, and the beginning of the ID of its snapshot. */
type NewSnapshot = Pushed & {snapshot: string}

/**
 * Compares the snapshots of the repository with what was pushed, and records it. The ledger trusts the times of these
 * snapshots, also of backups that could not be pushed for days, and of those that an interrupted push has copied.
 * @throws offsite-failed
 */
async function recordPushed(
  pushed: NewSnapshot[],
  {ours, unreadable}: Listing,
  {stack, repository, verified}: {stack: StackContext; repository: Repository; verified: Verified},
): Promise<void> {
  const lost = pushed.find(({id}) => ours.every(one => one.id !== id))
  if (lost) {
    throw new AquastreamError(
      'offsite-failed',
      `${repository.name} does not have ${lost.id} after the push`,
      {
        hint: 'check whether another machine deletes from it, then run the command again',
      },
    )
  }
  for (const {snapshot: beginning, id} of pushed) {
    const found = ours.find(({snapshot}) => snapshot.startsWith(beginning))
    if (found) await verified.add(found.snapshot, id)
  }
  await recordSeen(stack, {ours, unreadable}, new Date())
  const copied = await readUnverified(stack)
  await recordOwn(
    stack,
    ours.filter(({id}) => copied.has(id)),
  )
}

/** The name of the task that checks the repository. */
const CHECK = 'check'

/**
 * Makes use of what an interrupted push has moved: restic writes the index last, and would move everything again.
 * Only the locks of processes that have ended are removed.
 */
async function continuePush(
  {stack, repository}: {stack: StackContext; repository: Repository},
  {on, signal}: Context<PushEvent>,
): Promise<void> {
  on({type: 'notice', text: 'the last push was interrupted; continuing it'})
  const {stallMs} = repository.settings
  await removeDeadLocks(repository, signal)
  await checkPushed({stack, repository}, {signal, stallMs})
  const {exitCode} = await repository.attempt(['rebuild-index'], {signal, stallMs})
  if (exitCode !== 0)
    on({type: 'notice', text: 'the data uploaded by the interrupted push could not be reused'})
}

/** Pushes one backup. Returns nothing if rotation has deleted it in the meantime. */
async function pushSet(
  set: BackupSet,
  {stack, repository}: {stack: StackContext; repository: Repository},
  ctx: Context<PushEvent>,
): Promise<NewSnapshot[]> {
  const {id, bytes, schemas, pinned} = set
  const {kind, server, archives} = set.manifest!
  const {project, profile} = stack
  const name = id
  ctx.on({type: 'set', name, state: 'running', bytes: 0, total: bytes})
  const saved = await saveSnapshot(
    {
      repository,
      set,
      tags: {id, bytes, project, profile, kind, pinned, database: server.database, schemas},
      isCompressed: archives.every(({format, compression}) => format === 'custom' || compression !== 'none'),
    },
    {...ctx, on: done => ctx.on({type: 'set', name, state: 'running', bytes: done, total: bytes})},
  )
  ctx.on({type: 'set', name, state: 'done', bytes, total: bytes})
  if (saved) return [{id, bytes, moved: saved.moved, snapshot: saved.snapshot}]
  ctx.on({type: 'notice', text: `backup ${id} was deleted during the push and is skipped`})
  return []
}

/**
 * Returns an error handler for a push after a backup: every failure except an interrupt becomes `offsite-failed`, and
 * names the complete backup. If the rotation before it has failed, too, both are reported.
 * @throws offsite-failed, interrupted, terminated; the code of the failed rotation
 */
export function naming(backup: string, rotationFailure: AquastreamError | undefined) {
  return (error: unknown): never => {
    if (!(error instanceof AquastreamError)) throw error
    const {code, message, hint, evidence} = error
    const isInterrupt = code === 'interrupted' || code === 'terminated'
    const failure = new AquastreamError(
      isInterrupt ? code : 'offsite-failed',
      `backup ${backup} is complete, its off-site copy ${isInterrupt ? 'was interrupted' : `failed: ${message}`}`,
      {hint: isInterrupt ? 'copy it: aquastream offsite:push' : hint, evidence},
    )
    if (rotationFailure) throwProblems([...rotationFailure.problems, ...failure.problems])
    throw failure
  }
}
