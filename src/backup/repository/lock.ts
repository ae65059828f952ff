import {rm, stat, utimes, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {lock} from 'proper-lockfile'
import {AquastreamError} from '../../errors.js'
import {createDirectory} from '../../system/files/create-directory.js'
import {errnoOf} from '../../system/files/file-errors.js'
import type {Life} from '../../system/process-identity.js'
import {storageError} from '../storage-error.js'
import {busyError, type Holder, holderHere, lifeOf, readHolder} from './lock-holder.js'

/** Milliseconds without an update after which the holder of a lock is considered dead. */
const STALE_MS = 5000
/**
 * Milliseconds after which the lock of a dead holder must be stale: its last update can lie a second in the future.
 */
const STALE_BY_MS = STALE_MS + 2000
const POLL_MS = 200
/** Milliseconds, longer than the race between two processes that take the same stale lock. */
const SETTLE_MS = 300

/**
 * Runs work under the exclusive lock of a repository, which is created if it does not exist. A living holder is
 * reported at once; the lock of a dead one is taken over when it is stale. The signal aborts when the lock is lost:
 * on shared storage, another machine takes the lock of a suspended one.
 * @throws busy, backup-directory, disk-full
 */
export async function withDirectoryLock<T>(
  root: string,
  purpose: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await createDirectory(root, 0o700).catch((error: unknown) => {
    throw storageError(root, error)
  })
  const lost = new AbortController()
  const release = await acquire(root, purpose, () => lost.abort(takenOver(root)))
  try {
    return await work(lost.signal)
  } finally {
    if (!lost.signal.aborted) await release()
  }
}

async function acquire(root: string, purpose: string, onLost: () => void): Promise<() => Promise<void>> {
  const before = await readHolder(root)
  const unlock = await waitForLock(root, onLost)
  const me = await holderHere(purpose)
  const path = join(root, '.lock.json')
  // Best effort: when the disk is full the holder is not recorded, so that rotation can still free space.
  await writeFile(path, JSON.stringify(me), {mode: 0o600}).catch(() => undefined)
  // A dead holder left its record. If two processes took over from it at once, the record shows which one was the
  // last.
  if (before) await settle(root, me)
  return async () => {
    await rm(path, {force: true}).catch(() => undefined)
    await unlock().catch(() => undefined)
  }
}

/** Takes the lock at once, or as soon as the lock of a dead holder is stale. */
async function waitForLock(root: string, onLost: () => void): Promise<() => Promise<void>> {
  const start = performance.now()
  const touched = await lastTouch(root)
  for (;;) {
    await refuseIfHeld(root, ['alive'])
    const unlock = await tryLock(root, onLost)
    if (unlock) return unlock
    await refuseIfHeld(root, ['alive', 'unknown'])
    if (performance.now() - start > STALE_BY_MS) return await breakFutureLock(root, touched, onLost)
    await sleep(POLL_MS * (0.5 + Math.random()))
  }
}

/**
 * Throws `busy` when a process in one of these states holds the lock. A living process of this machine keeps its
 * lock however long ago the last update was: it can be suspended by Ctrl-Z, or wait for a disk.
 */
async function refuseIfHeld(root: string, lives: Life[]): Promise<void> {
  const holder = await readHolder(root)
  if (!holder || !lives.includes(await lifeOf(holder))) return
  if ((await lastTouch(root)) !== undefined) throw busyError(root, holder)
}

/**
 * Takes a lock whose last update lies in the future. After the clock was set back, the lock of a dead holder would
 * otherwise look fresh until that time.
 */
async function breakFutureLock(
  root: string,
  touched: number | undefined,
  onLost: () => void,
): Promise<() => Promise<void>> {
  if (touched !== undefined && touched === (await lastTouch(root))) await utimes(lockPath(root), 0, 0)
  const unlock = await tryLock(root, onLost)
  if (unlock) return unlock
  throw busyError(root, undefined)
}

/** Tries to take the lock; returns the function that releases it, or undefined when another process holds it. */
async function tryLock(root: string, onLost: () => void): Promise<(() => Promise<void>) | undefined> {
  try {
    return await lock(root, {
      lockfilePath: lockPath(root),
      stale: STALE_MS,
      update: 1000,
      onCompromised: onLost,
    })
  } catch (error) {
    if (errnoOf(error) === 'ELOCKED') return undefined
    throw storageError(root, error)
  }
}

async function settle(root: string, me: Holder): Promise<void> {
  await sleep(SETTLE_MS)
  const holder = await readHolder(root)
  if (!holder || (holder.pid === me.pid && holder.host === me.host && holder.since === me.since)) return
  // The other process has the lock. Wait until the library has noticed that this one lost it, which takes two
  // updates at most; otherwise it would remove the lock of the other process on exit.
  await sleep(3000)
  throw busyError(root, holder)
}

async function lastTouch(root: string): Promise<number | undefined> {
  return stat(lockPath(root)).then(
    ({mtimeMs}) => mtimeMs,
    () => undefined,
  )
}

function lockPath(root: string): string {
  return join(root, '.lock')
}

function takenOver(root: string): AquastreamError {
  return new AquastreamError(
    'busy',
    `another command took the lock of ${root} while this command was suspended`,
    {
      hint: 'run the command again when the other one has finished',
    },
  )
}
