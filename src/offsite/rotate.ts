import type {Policy} from '../backup/policy.js'
import type {KeepReason} from '../backup/retention.js'
import {listSets} from '../backup/repository/sets.js'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {checkRepository} from './check.js'
import {recordSeen} from './rotation/ledger.js'
import {listIds} from './restic/list-ids.js'
import {removeDeadLocks} from './restic/locks.js'
import {evidenceOf, faultOf} from './restic/outcome.js'
import {openRepository, type Repository, resticError} from './restic/repository.js'
import {listOwnSnapshots} from './restic/snapshots.js'
import type {Store, StoreSnapshot} from './restic/store-snapshots.js'
import {findOrphans, type IgnoreReason, type PlannedSnapshots, planSnapshots} from './rotation/plan.js'
import {requireReadable} from './restic/unreadable.js'
import {readUnverified} from './verified.js'
import {hasMark, setMark, unsetMark, withOffsiteLock} from './workplace.js'

/** Reports the progress of a rotation. */
export interface OffsiteRotateEvent {
  type: 'step'
  step: 'check' | 'forget' | 'prune'
  state: 'running' | 'done'
}

/** A repository, and the stack whose snapshots are in it. */
interface Place {
  repository: Repository
  stack: StackContext
}

type Row = Pick<PlannedSnapshots, 'id' | 'bytes' | 'schemas'> & {takenAt: string}

/** The JSON of `offsite:rotate`. */
export interface OffsiteRotationReport {
  repository: string
  dryRun: boolean
  policy: Policy
  kept: (Row & {reasons: KeepReason[]})[]
  deleted: Row[]
  /** Media and Redis whose backup, of this ID, has left the repository before. They are deleted too. */
  orphans: {store: Store; id: string}[]
  /** Not credible or not verified: they neither count for the policy nor are deleted. */
  ignored: (Row & {why: IgnoreReason})[]
  otherProjects: string[]
}

/** Selects how `offsite:rotate` works. */
export interface OffsiteRotateRequest {
  stack: StackContext
  policy: Policy
  /** Only report what a rotation would do. */
  dryRun: boolean
}

/** What a rotation deletes, or has deleted. */
interface Deletions {
  chosen: PlannedSnapshots[]
  orphans: StoreSnapshot[]
}

/**
 * Removes the snapshots that the policy does not keep, and the data that no other snapshot uses. What is gone is read
 * from the repository afterwards: restic reports success for an append-only repository, which removes nothing.
 * @throws usage: the policy keeps nothing; refused: the repository removes nothing; offsite-damaged: nothing was removed;
 *   busy; also the errors of `openRepository` and of a failed command
 */
export async function rotateOffsite(
  request: OffsiteRotateRequest,
  ctx: Context<OffsiteRotateEvent>,
): Promise<OffsiteRotationReport> {
  const repository = await openRepository(request.stack, ctx.signal)
  return withOffsiteLock(request.stack, 'offsite:rotate', async lost => {
    const signal = AbortSignal.any([ctx.signal, lost])
    const {planned, orphans, otherProjects} = await makePlan(request, repository, signal)
    const report = (deletions: Deletions): OffsiteRotationReport => ({
      repository: repository.name,
      dryRun: request.dryRun,
      policy: request.policy,
      kept: planned
        .filter(({action}) => action === 'keep')
        .map(one => ({...rowOf(one), reasons: one.reasons})),
      deleted: deletions.chosen.map(rowOf),
      orphans: deletions.orphans.map(({store, set}) => ({store, id: set})),
      ignored: planned
        .filter(({action}) => action === 'ignore')
        .map(one => ({...rowOf(one), why: one.why ?? 'date'})),
      otherProjects,
    })
    const deletions = {chosen: planned.filter(({action}) => action === 'delete'), orphans}
    if (request.dryRun) return report(deletions)
    return report(await remove(deletions, {repository, stack: request.stack}, {...ctx, signal}))
  })
}

/**
 * Removes the snapshots and their data, also what an interrupted rotation has left: data, and the media and Redis of
 * backups that are gone. A damaged repository stays as it is: the old snapshots can be the ones that are whole. Returns
 * what is gone.
 */
async function remove(
  {chosen, orphans}: Deletions,
  {repository, stack}: Place,
  {on, signal}: Context<OffsiteRotateEvent>,
): Promise<Deletions> {
  const groups = [...orphans.map(({snapshot}) => [snapshot]), ...chosen.map(({snapshots}) => snapshots)]
  if (groups.length === 0 && !hasMark(stack, 'pruning')) return {chosen, orphans}
  const {stallMs} = repository.settings
  await removeDeadLocks(repository, signal)
  on({type: 'step', step: 'check', state: 'running'})
  await checkRepository(repository, {signal, stallMs})
  on({type: 'step', step: 'check', state: 'done'})
  on({type: 'step', step: 'forget', state: 'running'})
  if (groups.length > 0) await forget(groups.toReversed(), {repository, stack}, signal)
  const present = new Set(await listIds(repository, 'snapshots', signal))
  on({type: 'step', step: 'forget', state: 'done'})
  on({type: 'step', step: 'prune', state: 'running'})
  await repository.run(['prune'], {signal, stallMs})
  await unsetMark(stack, 'pruning')
  on({type: 'step', step: 'prune', state: 'done'})
  return {
    chosen: chosen.filter(({snapshots}) => snapshots.every(snapshot => !present.has(snapshot))),
    orphans: orphans.filter(({snapshot}) => !present.has(snapshot)),
  }
}

async function makePlan({stack, policy}: OffsiteRotateRequest, repository: Repository, signal: AbortSignal) {
  const listing = await listOwnSnapshots(repository, stack, signal)
  // The media of a backup whose snapshot cannot be read would pass for those of a backup that is gone.
  requireReadable(listing, repository.name)
  const now = new Date()
  const ledger = await recordSeen(stack, listing, now)
  const {ours: snapshots, stores, otherProjects} = listing
  const [local, unverified] = await Promise.all([listSets(stack.backups), readUnverified(stack)])
  const input = {snapshots, stores, local, ledger, unverified}
  return {planned: planSnapshots(input, policy, now), orphans: findOrphans(stores, snapshots), otherProjects}
}

/**
 * Removes groups of snapshots. One group is removed alone first: in an append-only repository, restic 0.14 tries for
 * 43 s to remove each snapshot.
 * @throws refused: the repository removes nothing; the errors of a failed command
 */
async function forget(
  [oldest, ...others]: string[][],
  {repository, stack}: Place,
  signal: AbortSignal,
): Promise<void> {
  const {stallMs} = repository.settings
  const wasPruning = hasMark(stack, 'pruning')
  await setMark(stack, 'pruning')
  const first = await repository.attempt(['forget', ...oldest!], {signal, stallMs})
  const present = await listIds(repository, 'snapshots', signal)
  if (oldest!.some(snapshot => present.includes(snapshot))) {
    if (!wasPruning) await unsetMark(stack, 'pruning')
    if (faultOf(first) === 'locked') throw resticError(repository.name, first)
    throw new AquastreamError(
      'refused',
      `the off-site repository ${repository.name} did not remove a snapshot`,
      {
        hint: 'if it only accepts additions from this machine, run the rotation on the machine that may delete; otherwise check the permissions of the access key',
        evidence: evidenceOf(first),
      },
    )
  }
  if (others.length > 0) await repository.run(['forget', ...others.flat()], {signal, stallMs})
}

function rowOf({id, takenAt, bytes, schemas}: PlannedSnapshots): Row {
  return {id, takenAt: takenAt.toISOString(), bytes, schemas}
}
