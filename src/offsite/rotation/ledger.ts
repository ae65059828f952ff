import {existsSync} from 'node:fs'
import {readFile, rename, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {storageError} from '../../backup/storage-error.js'
import type {StackContext} from '../../engines/stack-context.js'
import {flush} from '../../system/files/disk.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {DAY_MS} from '../../system/time.js'
import type {Snapshot} from '../restic/snapshots.js'
import {workplaceOf} from '../workplace.js'

/** When this machine first saw each snapshot: milliseconds since 1970 by ID of the snapshot. */
export type Ledger = ReadonlyMap<string, number>

/** How far the time of a backup may be from the time at which its snapshot was first seen, in ms. */
const TOLERANCE_MS = DAY_MS

/**
 * Reads the ledger of this machine and adds the snapshots that it lacks. A server that may only add snapshots could give
 * them false times, and so make the retention policy delete the real ones (restic/restic#22057); this machine compares
 * their times with what it has seen itself. The first ledger trusts all times, because there is nothing to compare with.
 * @throws backup-directory
 */
export async function readLedger(stack: StackContext, snapshots: Snapshot[], now: Date): Promise<Ledger> {
  const known = await readLines(pathOf(stack))
  return new Map(
    snapshots.map(({snapshot, takenAt}) => {
      const first = known ? (known.get(snapshot) ?? now.getTime()) : takenAt.getTime()
      return [snapshot, first]
    }),
  )
}

/**
 * Writes the ledger; the snapshots that are gone are not in it any more.
 * @throws backup-directory, disk-full
 */
export async function writeLedger(stack: StackContext, ledger: Ledger): Promise<void> {
  const path = pathOf(stack)
  const draft = `${path}.new`
  const lines = [...ledger].map(([snapshot, time]) => `${snapshot} ${new Date(time).toISOString()}\n`)
  try {
    await writeFile(draft, lines.join(''), {mode: 0o600})
    await flush(draft)
    await rename(draft, path)
  } catch (error) {
    throw storageError(path, error)
  }
}

/**
 * Records the snapshots in the ledger of this machine, if it has one.
 * @throws backup-directory, disk-full
 */
export async function recordSeen(stack: StackContext, snapshots: Snapshot[], now: Date): Promise<void> {
  if (existsSync(pathOf(stack))) await writeLedger(stack, await readLedger(stack, snapshots, now))
}

/** Returns whether a snapshot was first seen at about the time that it has. */
export function isCredible({snapshot, takenAt}: Snapshot, ledger: Ledger): boolean {
  return Math.abs((ledger.get(snapshot) ?? Infinity) - takenAt.getTime()) <= TOLERANCE_MS
}

function pathOf(stack: StackContext): string {
  return join(workplaceOf(stack), 'first-seen')
}

/** Returns undefined if there is no ledger yet. A line that is malformed counts as missing. */
async function readLines(path: string): Promise<Map<string, number> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storageError(path, error)
  })
  const pairs = text?.split('\n').flatMap(line => {
    const [, snapshot, time] = /^([0-9a-f]{64}) (\S+)$/.exec(line) ?? []
    const first = Date.parse(time ?? '')
    return snapshot === undefined || Number.isNaN(first) ? [] : [[snapshot, first] as const]
  })
  return pairs && new Map(pairs)
}
