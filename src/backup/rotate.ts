import {rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {Context} from '../engines/engine.js'
import {errnoOf} from '../system/files/file-errors.js'
import type {BackupSet} from './repository/backup-set.js'
import {noteRotated, trimHistory} from './repository/history.js'
import {listLeftovers, sweepLeftovers} from './repository/leftovers.js'
import {backupRoot, type BackupRequest} from './repository/location.js'
import {withDirectoryLock} from './repository/lock.js'
import {listSets, readSet} from './repository/sets.js'
import {decide, type Decision, type KeepReason, type Policy} from './retention.js'
import {storageError} from './storage-error.js'

export interface RotateRequest extends BackupRequest {
  policy: Policy
}

/** What a rotation would do now. */
export interface RotationPlan {
  directory: string
  policy: Policy
  /** Newest first. */
  decisions: Decision[]
  /** Hidden directories that ended runs left. */
  leftovers: string[]
}

export interface RotateEvent {
  type: 'delete'
  id: string
  /** How many are gone, of those that go. */
  done: number
  total: number
}

type SetName = Pick<BackupSet, 'id' | 'bytes' | 'schemas'> & {takenAt: string}

/** The JSON of a rotation. */
export interface RotationReport {
  directory: string
  dryRun: boolean
  policy: Policy
  kept: (SetName & {reasons: KeepReason[]})[]
  deleted: SetName[]
  /** Not complete, or changed while the rotation ran: never touched. */
  ignored: (SetName & {state: BackupSet['state']; reason: string})[]
  leftovers: string[]
}

/** Looks at what is there; changes nothing. */
export async function planRotation(request: RotateRequest): Promise<RotationPlan> {
  return planFor(await backupRoot(request), request.policy)
}

/** Deletes what the policy does not keep. What is there is looked at again: the plan may be old by now. */
export async function applyRotation(
  {directory, policy, decisions, leftovers}: RotationPlan,
  ctx: Context<RotateEvent>,
): Promise<RotationReport> {
  // The lock would make the directory.
  if (decisions.length === 0 && leftovers.length === 0) return emptyReport(directory, policy)
  return withDirectoryLock(directory, 'db:rotate', lost =>
    rotateLocked(directory, policy, {...ctx, signal: AbortSignal.any([ctx.signal, lost])}),
  )
}

/** The same, for who holds the lock of the directory already. */
export async function rotateLocked(
  directory: string,
  policy: Policy,
  {on, signal}: Context<RotateEvent>,
): Promise<RotationReport> {
  const leftovers = await sweepLeftovers(directory)
  const plan = await planFor(directory, policy)
  const report = {...reportPlan(plan), dryRun: false, leftovers, deleted: [] as SetName[]}
  // The oldest first: wherever this ends early, what is left are the newest, and the next run goes on.
  const going = plan.decisions.filter(({action}) => action === 'delete').reverse()
  for (const [index, {set}] of going.entries()) {
    signal.throwIfAborted()
    const change = await findChange(directory, set.id)
    if (change) report.ignored.push({...nameOf(set), ...change})
    else {
      await remove(directory, set.id)
      report.deleted.push(nameOf(set))
      if (set.manifest?.kind === 'backup') await noteRotated(directory, set.id)
    }
    on({type: 'delete', id: set.id, done: index + 1, total: going.length})
  }
  await trimHistory(directory, new Date())
  return report
}

/** A plan as a report: what `--dry-run` shows. */
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

async function planFor(directory: string, policy: Policy): Promise<RotationPlan> {
  const decisions = decide(await listSets(directory), policy, new Date())
  return {directory, policy, decisions, leftovers: await listLeftovers(directory)}
}

function emptyReport(directory: string, policy: Policy): RotationReport {
  return {...reportPlan({directory, policy, decisions: [], leftovers: []}), dryRun: false}
}

/** Why a set that was to go stays: somebody pinned it or laid hands on it since. Nobody needs a lock for that. */
async function findChange(
  directory: string,
  id: string,
): Promise<{state: BackupSet['state']; reason: string} | undefined> {
  const set = await readSet(directory, id)
  if (set?.pinned) return {state: set.state, reason: 'it was pinned meanwhile'}
  return !set || set.state === 'complete' ? undefined : {state: set.state, reason: set.reason ?? ''}
}

/** Out of the catalogue by one step first, so that a crash leaves no half set that looks like one. */
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
