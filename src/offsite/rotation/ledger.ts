import type {StackContext} from '../../engines/stack-context.js'
import {DAY_MS} from '../../system/time.js'
import {addLines, readRecord} from '../records.js'
import type {Listing, Snapshot} from '../restic/snapshots.js'

/** When this machine first saw each snapshot: milliseconds since 1970 by ID of the snapshot. */
export type Ledger = ReadonlyMap<string, number>

/** How far the time of a backup may be from the time at which its snapshot was first seen, in ms. */
const TOLERANCE_MS = DAY_MS

/** The record with the ledger. The last line of a snapshot counts. */
const RECORD = 'first-seen'

/**
 * Adds the snapshots that the ledger of this machine lacks, and returns it. A server that may only add snapshots could give
 * them false times, and so make the retention policy delete the real ones (restic/restic#22057); this machine compares
 * their times with what it has seen itself. The first ledger trusts all times, because there is nothing to compare with;
 * it is not made from a list that lacks snapshots, whose times would never be trusted.
 * @throws backup-directory, disk-full
 */
export async function recordSeen(
  stack: StackContext,
  {ours: snapshots, unreadable}: Pick<Listing, 'ours' | 'unreadable'>,
  now: Date,
): Promise<Ledger> {
  const known = toLedger(await readRecord(stack, RECORD))
  const seenAt = ({snapshot, takenAt}: Snapshot): Date => {
    const time = known?.get(snapshot)
    if (time !== undefined) return new Date(time)
    return known ? now : takenAt
  }
  const unknown = snapshots.filter(({snapshot}) => !known?.has(snapshot))
  if (known ? unknown.length > 0 : unreadable.length === 0) await addTimes(stack, unknown, seenAt)
  return new Map(snapshots.map(one => [one.snapshot, seenAt(one).getTime()]))
}

/**
 * Trusts the times of snapshots that this machine made, also of backups that could not be pushed for days.
 * @throws backup-directory, disk-full
 */
export async function recordOwn(stack: StackContext, snapshots: Snapshot[]): Promise<void> {
  await addTimes(stack, snapshots, ({takenAt}) => takenAt)
}

async function addTimes(
  stack: StackContext,
  snapshots: Snapshot[],
  timeOf: (snapshot: Snapshot) => Date,
): Promise<void> {
  const lines = snapshots.map(one => `${one.snapshot} ${timeOf(one).toISOString()}`)
  await addLines(stack, RECORD, lines)
}

/** Returns whether a snapshot was first seen at about the time that it has. */
export function isCredible({snapshot, takenAt}: Snapshot, ledger: Ledger): boolean {
  return Math.abs((ledger.get(snapshot) ?? Infinity) - takenAt.getTime()) <= TOLERANCE_MS
}

/** A line that is malformed counts as missing. */
function toLedger(lines: string[] | undefined): Ledger | undefined {
  const pairs = lines?.flatMap(line => {
    const [, snapshot, time] = /^([0-9a-f]{64}) (\S+)$/.exec(line) ?? []
    const first = Date.parse(time ?? '')
    return snapshot === undefined || Number.isNaN(first) ? [] : [[snapshot, first] as const]
  })
  return pairs && new Map(pairs)
}
