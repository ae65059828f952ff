import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError, type Problem} from '../errors.js'
import {faultOf} from './restic/outcome.js'
import {isStale, listLocks, removeDeadLocks, type RepositoryLock} from './restic/locks.js'
import {damagedError, openRepository, type Repository, resticError} from './restic/repository.js'
import {quoteTyped} from '../system/text/typed.js'

/** Selects how `offsite:check` checks the repository. */
export interface CheckRequest {
  stack: StackContext
  /** The part of the data to read, as `restic check --read-data-subset` takes it; undefined: only the metadata. */
  subset: string | undefined
  /** Remove all locks, also of other machines. */
  unlock: boolean
}

/** Reports that a step of the check begins or ends. */
export interface CheckEvent {
  type: 'step'
  step: 'locks' | 'check'
  state: 'running' | 'done'
}

/** The JSON of `offsite:check`. */
export interface CheckReport {
  repository: string
  subset: string | null
  /** The locks that remain. */
  locks: (RepositoryLock & {stale: boolean})[]
  locksBefore: number
  locksAfter: number
}

/**
 * Checks the off-site repository: its locks, its metadata, and if requested its data. Removes the locks of processes
 * of this machine that have ended.
 * @throws offsite-damaged; busy: a process of this machine holds a lock that is to be removed; usage; also the errors
 *   of `openRepository` and of a failed command
 */
export async function checkOffsite(
  {stack, subset, unlock}: CheckRequest,
  {on, signal}: Context<CheckEvent>,
): Promise<CheckReport> {
  const repository = await openRepository(stack, signal)
  on({type: 'step', step: 'locks', state: 'running'})
  const before = await listLocks(repository, signal)
  if (unlock) await removeAllLocks(repository, before, signal)
  else await removeDeadLocks(repository, signal)
  const after = await listLocks(repository, signal)
  on({type: 'step', step: 'locks', state: 'done'})
  on({type: 'step', step: 'check', state: 'running'})
  await checkRepository(repository, {signal, subset, stallMs: repository.settings.stallMs})
  on({type: 'step', step: 'check', state: 'done'})
  return {
    repository: repository.name,
    subset: subset ?? null,
    locks: after.map(lock => ({...lock, stale: isStale(lock)})),
    locksBefore: before.length,
    locksAfter: after.length,
  }
}

/** Returns the problem of locks that are left over: rotation would wait for them. */
export function findStaleLocks({locks, repository}: CheckReport): Problem | undefined {
  const stale = locks.filter(lock => lock.stale)
  if (stale.length === 0) return undefined
  const names = stale.map(
    ({host, user, pid, ageMinutes}) => `${user}@${host} (pid ${pid}, ${ageMinutes} minutes old)`,
  )
  return {
    code: 'busy',
    message: `stale locks in the off-site repository ${repository}: ${names.join(', ')}`,
    hint: 'if none of these processes runs any more, remove the locks: aquastream offsite:check --unlock',
  }
}

/**
 * Checks that the repository has every file that its index and its snapshots refer to, and with a subset that the
 * content of these files is right. Runs without a lock of restic, which a stale lock would prevent, and without the
 * cache of this machine, which has whole copies of what is damaged in the repository. restic finds damage also when the
 * connection fails, and when another machine prunes: so damage has to be found twice, and nothing of this may explain it.
 * @throws offsite-damaged; busy: the repository is being pruned; the errors of a failed command
 */
export async function checkRepository(
  repository: Repository,
  {signal, subset, stallMs}: {signal: AbortSignal; subset?: string | undefined; stallMs?: number},
): Promise<void> {
  const data = subset === undefined ? [] : [`--read-data-subset=${subset}`]
  // To read the data twice would take long, and of a random part it would be another one.
  const checks = subset === undefined ? 2 : 1
  for (let done = 1; ; done++) {
    const result = await repository.attempt(['check', '--no-lock', ...data], {signal, stallMs})
    if (result.exitCode === 0) return
    if (faultOf(result) !== 'damaged') throw resticError(repository.name, result)
    await requireUnchanged(repository, signal)
    if (done === checks) throw damagedError(repository.name, result)
  }
}

/**
 * Refuses the result of a check if the repository does not answer any more, or another process has it for itself.
 * @throws busy; the errors of a failed command
 */
async function requireUnchanged(repository: Repository, signal: AbortSignal): Promise<void> {
  const lock = (await listLocks(repository, signal)).find(one => one.exclusive && !isStale(one))
  if (!lock) return
  throw new AquastreamError(
    'busy',
    `the off-site repository ${repository.name} was not checked: ${lock.user}@${lock.host} (pid ${lock.pid}) is deleting from it`,
    {hint: 'run the command again when that process has finished'},
  )
}

async function removeAllLocks(
  repository: Repository,
  locks: RepositoryLock[],
  signal: AbortSignal,
): Promise<void> {
  const alive = locks.find(({holder}) => holder === 'alive')
  if (!alive) {
    await repository.run(['unlock', '--remove-all'], {signal, stallMs: repository.answerMs})
    return
  }
  throw new AquastreamError(
    'busy',
    `the off-site repository ${repository.name} is in use by a process of this machine (pid ${alive.pid})`,
    {hint: `wait until it has finished; to see the process, run ps -fp ${alive.pid}`},
  )
}

/**
 * Parses the part of the data to read.
 * https://restic.readthedocs.io/en/stable/045_working_with_repos.html#checking-integrity-and-consistency
 * @throws usage
 */
export function parseSubset(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const [, part, parts] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? []
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  const isFraction = part !== undefined && Number(part) <= Number(parts) && Number(parts) <= 256
  const isPercentage = percent !== undefined && Number(percent) > 0 && Number(percent) <= 100
  if (isFraction || isPercentage || /^[1-9]\d*[KMGT]$/.test(text)) return text
  throw new AquastreamError('usage', `--read-data-subset ${quoteTyped(text)} is not a part of the data`, {
    hint: 'use a percentage such as 10%, a size such as 500M, or a fraction such as 1/10',
  })
}
