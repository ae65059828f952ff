import type {StackContext} from '../engines/stack-context.js'
import type {Problem} from '../errors.js'
import {findLate, type Freshness, hoursSince, lateText, measureAge} from '../backup/freshness.js'
import {listSets} from '../backup/repository/sets.js'
import {recordSeen} from './rotation/ledger.js'
import {openRepository} from './restic/repository.js'
import {listOwnSnapshots} from './restic/snapshots.js'
import {type Store, STORES, type StoreSnapshot} from './restic/store-snapshots.js'
import {readUnverified} from './verified.js'

/** One snapshot of the off-site repository. */
export interface SnapshotReport {
  /** ID of the backup. */
  id: string
  snapshot: string
  takenAt: string
  ageHours: number
  bytes: number
  kind: 'backup' | 'safety'
  pinned: boolean
  schemas: string[]
  /** What belongs to it: media and Redis, if they were saved, and when. A pull restores the first copy. */
  stores: {store: Store; savedAt: string[]}[]
  /** Whether the backup is also in the local repository. */
  local: boolean
  /** False if a push of this machine has copied it and not yet checked the repository. */
  verified: boolean
}

/** The JSON of `offsite:list`. */
export interface OffsiteListReport extends Freshness {
  repository: string
  /** Newest first. */
  snapshots: SnapshotReport[]
  /** Other projects that have snapshots in this repository. */
  otherProjects: string[]
  /** Snapshots that this program did not make. */
  unknown: string[]
  /** Snapshots that restic cannot read. */
  unreadable: string[]
}

/**
 * Lists the snapshots of a stack in its off-site repository.
 * @throws refused; also the errors of `openRepository` and `listSnapshots`
 */
export async function listOffsite(stack: StackContext, signal: AbortSignal): Promise<OffsiteListReport> {
  const repository = await openRepository(stack, signal)
  const listing = await listOwnSnapshots(repository, stack, signal)
  const now = new Date()
  await recordSeen(stack, listing, now)
  const local = new Set(
    (await listSets(stack.backups)).filter(({state}) => state === 'complete').map(({id}) => id),
  )
  const unverified = await readUnverified(stack)
  return {
    repository: repository.name,
    ...measureAge(
      listing.ours.filter(({id}) => !unverified.has(id)),
      now,
    ),
    snapshots: listing.ours.map(({id, snapshot, takenAt, bytes, kind, pinned, schemas}) => ({
      id,
      snapshot,
      takenAt: takenAt.toISOString(),
      ageHours: hoursSince({takenAt}, now),
      bytes,
      kind,
      pinned,
      schemas,
      stores: storesOf(id, listing.stores),
      local: local.has(id),
      verified: !unverified.has(id),
    })),
    otherProjects: listing.otherProjects,
    unknown: listing.unknown,
    unreadable: listing.unreadable,
  }
}

function storesOf(id: string, snapshots: StoreSnapshot[]): SnapshotReport['stores'] {
  return STORES.map(store => ({
    store,
    savedAt: snapshots
      .filter(one => one.store === store && one.set === id)
      .map(({savedAt}) => new Date(savedAt).toISOString())
      .sort(),
  })).filter(({savedAt}) => savedAt.length > 0)
}

/** Returns a problem if a schema of the platform has no verified off-site backup that is at most this many hours old. */
export function findTooOldOffsite(
  {repository, snapshots, ...freshness}: OffsiteListReport,
  maxAgeHours: number,
): Problem | undefined {
  const late = findLate(freshness, maxAgeHours)
  if (!late) return undefined
  const text = lateText(late, maxAgeHours)
  if (!late.newest) {
    const verified = snapshots.some(one => !one.verified) ? 'verified ' : ''
    return {
      code: 'backup-too-old',
      message: `there is no ${verified}backup${text} in the off-site repository ${repository}`,
      hint: 'copy the backups: aquastream offsite:push',
    }
  }
  return {
    code: 'backup-too-old',
    message: `the newest off-site backup${text}`,
    hint: 'copy newer backups: aquastream offsite:push; if there are none, take one: aquastream db:backup',
  }
}
