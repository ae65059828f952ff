import type {Policy} from '../backup/policy.js'
import type {KeepReason} from '../backup/retention.js'
import {listSets} from '../backup/repository/sets.js'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {recordSeen} from './rotation/ledger.js'
import {removeDeadLocks} from './restic/locks.js'
import {evidenceOf, faultOf} from './restic/outcome.js'
import {openRepository, type Repository, resticError} from './restic/repository.js'
import {listOwnSnapshots, listSnapshots} from './restic/snapshots.js'
import {findOrphans, type IgnoreReason, type PlannedSnapshots, planSnapshots} from './rotation/plan.js'
import {readUnverified} from './verified.js'
import {hasMark, setMark, unsetMark, withOffsiteLock} from './workplace.js'

/** Reports the progress of a rotation. */
export interface OffsiteRotateEvent {
  type: 'step'
  step: 'forget' | 'prune'
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

/**
 * Removes the snapshots that the policy does not keep, and the data that no other snapshot uses. What is gone is read
 * from the repository afterwards: restic reports success for an append-only repository, which removes nothing.
 * @throws usage: the policy keeps nothing; refused: the repository removes nothing; busy; also the errors of
 *   `openRepository` and of a failed command
 */
export async function rotateOffsite(
  request: OffsiteRotateRequest,
  ctx: Context<OffsiteRotateEvent>,
): Promise<OffsiteRotationReport> {
  const repository = await openRepository(request.stack, ctx.signal)
  return withOffsiteLock(request.stack, 'offsite:rotate', async lost => {
    const signal = AbortSignal.any([ctx.signal, lost])
    const {planned, orphans, otherProjects} = await makePlan(request, repository, signal)
    const report = (deleted: PlannedSnapshots[]): OffsiteRotationReport => ({
      repository: repository.name,
      dryRun: request.dryRun,
      policy: request.policy,
      kept: planned
        .filter(({action}) => action === 'keep')
        .map(one => ({...rowOf(one), reasons: one.reasons})),
      deleted: deleted.map(rowOf),
      ignored: planned
        .filter(({action}) => action === 'ignore')
        .map(one => ({...rowOf(one), why: one.why ?? 'date'})),
      otherProjects,
    })
    const chosen = planned.filter(({action}) => action === 'delete')
    if (request.dryRun) return report(chosen)
    return report(await remove({chosen, orphans}, {repository, stack: request.stack}, {...ctx, signal}))
  })
}

/**
 * Removes the snapshots and their data, also what an interrupted rotation has left: data, and the media and Redis of
 * backups that are gone. Returns what is gone.
 */
async function remove(
  {chosen, orphans}: {chosen: PlannedSnapshots[]; orphans: string[]},
  {repository, stack}: Place,
  {on, signal}: Context<OffsiteRotateEvent>,
): Promise<PlannedSnapshots[]> {
  if (chosen.length === 0 && !hasMark(stack, 'pruning')) return []
  await removeDeadLocks(repository, signal)
  on({type: 'step', step: 'forget', state: 'running'})
  const gone = chosen.length > 0 ? await forget(chosen, {repository, stack}, signal) : []
  if (orphans.length > 0)
    await repository.run(['forget', ...orphans], {signal, stallMs: repository.settings.stallMs})
  on({type: 'step', step: 'forget', state: 'done'})
  on({type: 'step', step: 'prune', state: 'running'})
  await repository.run(['prune'], {signal, stallMs: repository.settings.stallMs})
  await unsetMark(stack, 'pruning')
  on({type: 'step', step: 'prune', state: 'done'})
  return gone
}

async function makePlan({stack, policy}: OffsiteRotateRequest, repository: Repository, signal: AbortSignal) {
  const listing = await listOwnSnapshots(repository, stack, signal)
  const now = new Date()
  const ledger = await recordSeen(stack, listing.ours, now)
  const {ours: snapshots, stores, otherProjects} = listing
  const [local, unverified] = await Promise.all([listSets(stack.backups), readUnverified(stack)])
  const input = {snapshots, stores, local, ledger, unverified}
  return {planned: planSnapshots(input, policy, now), orphans: findOrphans(stores, snapshots), otherProjects}
}

/**
 * Removes the snapshots, the oldest first, and returns what is gone. One snapshot is removed alone first: in an
 * append-only repository, restic 0.14 tries for 43 s to remove each one.
 */
async function forget(
  chosen: PlannedSnapshots[],
  {repository, stack}: Place,
  signal: AbortSignal,
): Promise<PlannedSnapshots[]> {
  const [oldest, ...others] = chosen.toReversed()
  const left = async (): Promise<Set<string>> => {
    const {project, profile} = stack
    const {ours, stores} = await listSnapshots(repository, {project, profile}, signal)
    return new Set([...ours, ...stores].map(({snapshot}) => snapshot))
  }
  const isGone = (one: PlannedSnapshots, present: Set<string>): boolean =>
    one.snapshots.every(snapshot => !present.has(snapshot))
  const first = await repository.attempt(['forget', ...oldest!.snapshots], {
    signal,
    stallMs: repository.settings.stallMs,
  })
  if (faultOf(first) === 'locked') throw resticError(repository.name, first)
  if (!isGone(oldest!, await left())) {
    throw new AquastreamError(
      'refused',
      `the off-site repository ${repository.name} did not remove a snapshot`,
      {
        hint: 'if it only accepts additions from this machine, run the rotation on the machine that may delete; otherwise check the permissions of the access key',
        evidence: evidenceOf(first),
      },
    )
  }
  await setMark(stack, 'pruning')
  const rest = others.flatMap(({snapshots}) => snapshots)
  if (rest.length > 0)
    await repository.run(['forget', ...rest], {signal, stallMs: repository.settings.stallMs})
  const present = await left()
  return chosen.filter(one => isGone(one, present))
}

function rowOf({id, takenAt, bytes, schemas}: PlannedSnapshots): Row {
  return {id, takenAt: takenAt.toISOString(), bytes, schemas}
}
