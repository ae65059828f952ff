import {mkdir, rm, stat, utimes, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {lock} from 'proper-lockfile'
import {AquastreamError} from '../../errors.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {storageError} from '../storage-error.js'
import {busyError, type Holder, holderHere, lifeOf, readHolder} from './lock-holder.js'

/** A lock whose holder has not touched it for so long belongs to nobody, in ms. */
const STALE_MS = 5000
/** When the lock of a dead holder has become stale for certain: its last touch can lie a second ahead. */
const PATIENCE_MS = STALE_MS + 2000
const POLL_MS = 200
/** Longer than two takers of the same stale lock can be apart. */
const SETTLE_MS = 300

/**
 * Runs work that nothing else may run in a directory of backups meanwhile. A living holder is named at once;
 * the lock of a dead one is waited for, and taken. The signal aborts when the lock is lost: where a directory is
 * shared, another machine takes the lock of one that slept.
 * @throws busy
 */
export async function withDirectoryLock<T>(
  root: string,
  purpose: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(root, {recursive: true, mode: 0o700}).catch((error: unknown) => {
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
  // On a full disk nobody is told who holds the lock, and rotation can still make room.
  await writeFile(path, JSON.stringify(me), {mode: 0o600}).catch(() => undefined)
  // A holder that died left its file. Two that took over from it at once see here which of them was the last.
  if (before) await settle(root, me)
  return async () => {
    await rm(path, {force: true}).catch(() => undefined)
    await unlock().catch(() => undefined)
  }
}

/** Takes the lock: at once, or as soon as that of a dead holder is stale. */
async function waitForLock(root: string, onLost: () => void): Promise<() => Promise<void>> {
  const start = performance.now()
  const touched = await lastTouch(root)
  for (;;) {
    await refuseIfHeld(root, ['alive'])
    const unlock = await tryLock(root, onLost)
    if (unlock) return unlock
    await refuseIfHeld(root, ['alive', 'unknown'])
    if (performance.now() - start > PATIENCE_MS) return await takeFromTheFuture(root, touched, onLost)
    await sleep(POLL_MS * (0.5 + Math.random()))
  }
}

/**
 * A process of this machine that lives has its lock, however long it could not touch it: stopped by Ctrl-Z, or
 * waiting for a disk that is flushed.
 */
async function refuseIfHeld(root: string, lives: Awaited<ReturnType<typeof lifeOf>>[]): Promise<void> {
  const holder = await readHolder(root)
  if (!holder || !lives.includes(await lifeOf(holder))) return
  if ((await lastTouch(root)) !== undefined) throw busyError(root, holder)
}

/** After the clock was set back, the lock of a dead holder would look fresh until the clock is there again. */
async function takeFromTheFuture(
  root: string,
  touched: number | undefined,
  onLost: () => void,
): Promise<() => Promise<void>> {
  if (touched !== undefined && touched === (await lastTouch(root))) await utimes(lockPath(root), 0, 0)
  const unlock = await tryLock(root, onLost)
  if (unlock) return unlock
  throw busyError(root, undefined)
}

/** @returns how to give it back; nothing when another holds it */
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
  // The lock is the other's: what would give it back on exit notices within two touches that it lost it.
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
  return new AquastreamError('busy', `${root} was taken over by another run while this one stood still`, {
    hint: 'run the same command again when the other has ended',
  })
}
