import {rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {Context} from '../engines/engine.js'
import {errnoOf} from '../system/files/file-errors.js'
import type {Policy} from './policy.js'
import type {BackupSet} from './repository/backup-set.js'
import {noteRotated, trimHistory} from './repository/history.js'
import {listLeftovers, deleteLeftovers} from './repository/leftovers.js'
import {withDirectoryLock} from './repository/lock.js'
import {listSets, readSet} from './repository/sets.js'
import {decide, type Decision, type KeepReason} from './retention.js'
import {storageError} from './storage-error.js'

/** What a rotation would do now. */
export interface RotationPlan {
  directory: string
  policy: Policy
  /** Newest first. */
  decisions: Decision[]
  /** Names of the hidden directories that interrupted commands left. */
  leftovers: string[]
}

/** Reports that one backup was processed. */
export interface RotateEvent {
  type: 'delete'
  id: string
  /** Number of backups processed so far, out of `total`. */
  done: number
  total: number
}

type SetName = Pick<BackupSet, 'id' | 'bytes' | 'schemas'> & {takenAt: string}

/** The JSON of `db:rotate`. */
export interface RotationReport {
  directory: string
  dryRun: boolean
  policy: Policy
  kept: (SetName & {reasons: KeepReason[]})[]
  deleted: SetName[]
  /** Backups that are not complete, or were changed during the rotation; they are never deleted. */
  ignored: (SetName & {state: BackupSet['state']; reason: string})[]
  leftovers: string[]
}

/**
 * Plans a rotation of a repository without changing anything.
 * @throws usage: the policy keeps nothing; backup-directory, disk-full
 */
export async function planRotation(directory: string, policy: Policy): Promise<RotationPlan> {
  const decisions = decide(await listSets(directory), policy, new Date())
  return {directory, policy, decisions, leftovers: await listLeftovers(directory)}
}

/**
 * Deletes the backups that the policy does not keep. The decisions are made again under the lock, because the plan
 * can be out of date.
 * @throws busy, backup-directory, disk-full
 */
export async function applyRotation(
  {directory, policy, decisions, leftovers}: RotationPlan,
  ctx: Context<RotateEvent>,
): Promise<RotationReport> {
  // Taking the lock would create the repository.
  if (decisions.length === 0 && leftovers.length === 0) return emptyReport(directory, policy)
  return withDirectoryLock(directory, 'db:rotate', lost =>
    rotateLocked(directory, policy, {...ctx, signal: AbortSignal.any([ctx.signal, lost])}),
  )
}

/**
 * Does the same as `applyRotation` for a caller that holds the lock of the repository.
 * @throws usage: the policy keeps nothing; backup-directory, disk-full
 */
export async function rotateLocked(
  directory: string,
  policy: Policy,
  {on, signal}: Context<RotateEvent>,
): Promise<RotationReport> {
  const leftovers = await deleteLeftovers(directory)
  const plan = await planRotation(directory, policy)
  const report = {...reportPlan(plan), dryRun: false, leftovers, deleted: [] as SetName[]}
  // Delete the oldest first: an interruption leaves the newest ones, and the next rotation continues.
  const toDelete = plan.decisions.filter(({action}) => action === 'delete').reverse()
  for (const [index, {set}] of toDelete.entries()) {
    signal.throwIfAborted()
    const change = findChange(directory, set.id)
    if (change) report.ignored.push({...nameOf(set), ...change})
    else {
      await remove(directory, set.id)
      report.deleted.push(nameOf(set))
      if (set.manifest?.kind === 'backup') await noteRotated(directory, set.id)
    }
    on({type: 'delete', id: set.id, done: index + 1, total: toDelete.length})
  }
  await trimHistory(directory, new Date())
  return report
}

/** Converts a plan into a report, which `--dry-run` shows. */
export function reportPlan({directory, policy, decisions, leftovers}: RotationPlan): RotationReport {
  const of = (action: Decision['action']): Decision[] => decisions.filter(one => one.action === action)
  return {
    directory,
    dryRun: true,
    policy,
    kept: of('keep').map(({set, reasons}) => ({...nameOf(set), reasons})),
    deleted: of('delete').map(({set}) => nameOf(set)),
    ignored: of('ignore').map(({set}) => ({...nameOf(set), state: set.state, reason: set.reason ?? ''})),
    leftovers,
  }
}

function nameOf({id, takenAt, bytes, schemas}: BackupSet): SetName {
  return {id, takenAt: takenAt.toISOString(), bytes, schemas}
}

function emptyReport(directory: string, policy: Policy): RotationReport {
  return {...reportPlan({directory, policy, decisions: [], leftovers: []}), dryRun: false}
}

/**
 * Returns why a backup that was to be deleted is kept: it was pinned or changed since the decision, which does not
 * need the lock.
 */
function findChange(directory: string, id: string): {state: BackupSet['state']; reason: string} | undefined {
  const set = readSet(directory, id)
  if (set?.pinned) return {state: set.state, reason: 'it was pinned during the rotation'}
  return !set || set.state === 'complete' ? undefined : {state: set.state, reason: set.reason ?? ''}
}

/** Deletes a backup. The rename comes first, so that a crash does not leave a partial backup in the repository. */
async function remove(directory: string, id: string): Promise<void> {
  const gone = join(directory, `.${id}.deleted`)
  try {
    await rename(join(directory, id), gone)
    await rm(gone, {recursive: true, force: true})
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    throw storageError(join(directory, id), error)
  }
}
