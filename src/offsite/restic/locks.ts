import {hostname} from 'node:os'
import {AquastreamError} from '../../errors.js'
import {lifeOf, startTimeOf} from '../../system/process-identity.js'
import {parseJson} from '../../system/text/parse-json.js'
import * as z from '../../system/zod.js'
import {listIds} from './list-ids.js'
import type {Repository} from './repository.js'

/** A lock in the repository, as restic writes it. */
export interface RepositoryLock {
  /** The first 8 digits of its ID. */
  id: string
  host: string
  user: string
  pid: number
  since: string
  ageMinutes: number
  exclusive: boolean
  /**
   * `gone`: its process ran on this machine and has ended; `unknown`: it ran on another machine, or has not renewed the
   * lock for so long that another process can have its pid.
   */
  holder: 'alive' | 'gone' | 'unknown'
}

/** internal/restic/lock.go. A process renews its lock every five minutes. */
const lockSchema = z.object({
  time: z.string(),
  exclusive: z.boolean(),
  hostname: z.string(),
  username: z.string(),
  pid: z.int().positive(),
})

/** Minutes after which restic takes any lock that was not renewed for stale. */
const STALE_MINUTES = 30

/** restic reads one lock at a time: so many of them run at once. */
const AT_ONCE = 4

/** More locks than this are only counted. */
const MOST = 50

/**
 * Lists the locks in the repository.
 * @throws busy: there are too many to read them; the errors of a failed command
 */
export async function listLocks(repository: Repository, signal: AbortSignal): Promise<RepositoryLock[]> {
  const ids = await listIds(repository, 'locks', signal)
  if (ids.length <= MOST) return readLocks(repository, ids, signal)
  throw new AquastreamError('busy', `the off-site repository ${repository.name} has ${ids.length} locks`, {
    hint: 'if no command uses the repository, on any machine, remove them with restic itself: restic unlock --remove-all',
  })
}

async function readLocks(
  repository: Repository,
  ids: string[],
  signal: AbortSignal,
): Promise<RepositoryLock[]> {
  if (ids.length === 0) return []
  const first = ids.slice(0, AT_ONCE)
  const locks = await Promise.all(first.map(async id => readLock(repository, id, signal)))
  const others = await readLocks(repository, ids.slice(AT_ONCE), signal)
  return [...locks.filter(lock => lock !== undefined), ...others]
}

/** Returns undefined for a lock that was removed or renewed in the meantime. */
async function readLock(
  repository: Repository,
  id: string,
  signal: AbortSignal,
): Promise<RepositoryLock | undefined> {
  const {exitCode, stdout} = await repository.attempt(['cat', 'lock', id, '--no-lock'], {
    signal,
    stallMs: repository.answerMs,
  })
  const {data} = lockSchema.safeParse(exitCode === 0 ? parseJson(stdout) : undefined)
  if (!data) return undefined
  const {hostname: host, username: user, pid, time, exclusive} = data
  const renewed = Date.parse(time)
  const ageMinutes = Math.round((Date.now() - renewed) / 60_000)
  return {
    id: id.slice(0, 8),
    host,
    user,
    pid,
    since: time,
    ageMinutes,
    exclusive,
    holder: host === hostname() ? await holderHere({pid, renewed, ageMinutes}) : 'unknown',
  }
}

/** Milliseconds by which the clock may have been set between the start of a process and that of its lock. */
const CLOCK_MS = 60_000

/** restic records no start time of its process, but a process that started after the last renewal did not renew it. */
async function holderHere(lock: {
  pid: number
  renewed: number
  ageMinutes: number
}): Promise<RepositoryLock['holder']> {
  const {pid, renewed, ageMinutes} = lock
  if ((await lifeOf({pid})) === 'gone') return 'gone'
  const started = await startTimeOf(pid)
  if (started !== undefined && started > renewed + CLOCK_MS) return 'gone'
  return ageMinutes > STALE_MINUTES ? 'unknown' : 'alive'
}

/** Returns whether a lock is left over, so far as anybody can know: no living process renews it. */
export function isStale({holder, ageMinutes}: RepositoryLock): boolean {
  return holder === 'gone' || ageMinutes > STALE_MINUTES
}

/**
 * Removes the locks whose processes ran on this machine and have ended. `restic unlock` also removes every lock that
 * was not renewed for half an hour; another machine may only be suspended, so nothing is removed beside such a lock.
 * @throws the errors of a failed command
 */
export async function removeDeadLocks(repository: Repository, signal: AbortSignal): Promise<void> {
  const ids = await listIds(repository, 'locks', signal)
  if (ids.length > MOST) return
  const stale = (await readLocks(repository, ids, signal)).filter(isStale)
  if (stale.length > 0 && stale.every(({holder}) => holder === 'gone'))
    await repository.run(['unlock'], {signal, stallMs: repository.answerMs})
}
