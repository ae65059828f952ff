import type {Policy} from '../../backup/policy.js'
import {isFuture} from '../../backup/repository/backup-set.js'
import type {BackupSet} from '../../backup/repository/backup-set.js'
import {decide, type KeepReason} from '../../backup/retention.js'
import {isCredible, type Ledger} from './ledger.js'
import type {Snapshot} from '../restic/snapshots.js'
import type {StoreSnapshot} from '../restic/store-snapshots.js'

/** One backup in the repository, with all its snapshots. */
interface StoredBackup {
  id: string
  takenAt: Date
  state: 'complete'
  pinned: boolean
  schemas: string[]
  manifest: {kind: Snapshot['kind']; server: {database: string}}
  snapshots: Snapshot[]
}

/** What a rotation does with a backup. */
export interface PlannedSnapshots {
  id: string
  takenAt: Date
  bytes: number
  schemas: string[]
  /** IDs of its snapshots, and of those of media and Redis that belong to it. */
  snapshots: string[]
  action: 'keep' | 'delete' | 'ignore'
  reasons: KeepReason[]
  why?: IgnoreReason
}

/**
 * Why a rotation ignores the snapshots of a backup: its date is not when any of them was first seen, they have different
 * tags, or the repository has not been checked since the push.
 */
export type IgnoreReason = 'date' | 'tags' | 'unverified'

/** Everything that a decision depends on. */
export interface RotationInput {
  /** Newest first. */
  snapshots: Snapshot[]
  /** The snapshots of media and Redis, which are deleted with their backups. */
  stores: StoreSnapshot[]
  /** The local backups, with pins that the repository can lack. */
  local: BackupSet[]
  ledger: Ledger
  /** IDs of backups that a push of this machine has not verified. */
  unverified: ReadonlySet<string>
}

/**
 * Decides what to do with each backup, newest first, by the same policy as for local backups. A backup whose time is not
 * credible neither counts for the policy nor is deleted. The same holds for one whose snapshots have different tags: the
 * false ones could make the policy delete the real one. A backup that no push has verified yet replaces none.
 * @throws usage: the policy keeps nothing
 */
export function planSnapshots(input: RotationInput, policy: Policy, now: Date): PlannedSnapshots[] {
  const {snapshots, stores, local} = input
  const reasons = new Map(snapshots.map(one => [one, whyIgnored(one, input, now)]))
  const trusted = snapshots.filter(one => !reasons.get(one))
  const sets = decide(groupBackups(trusted, local), policy, now)
  return [
    ...sets.map(({set, action, reasons}) => ({
      ...withStores(describe(set.snapshots), stores),
      action,
      reasons,
    })),
    ...snapshots.flatMap(one => {
      const why = reasons.get(one)
      return why ? [{...describe([one]), action: 'ignore' as const, reasons: [], why}] : []
    }),
  ].sort((a, b) => (a.id < b.id ? 1 : -1))
}

/**
 * The answer is the same for all snapshots of a backup. One that was added later, because the backup was pinned, is as
 * credible as the one that was seen in time: it gives the backup no other date.
 */
function whyIgnored(
  one: Snapshot,
  {snapshots, ledger, unverified}: RotationInput,
  now: Date,
): IgnoreReason | undefined {
  const own = snapshots.filter(({id}) => id === one.id)
  if (own.some(({tags}) => tags !== one.tags)) return 'tags'
  if (!own.some(snapshot => isCredible(snapshot, ledger)) || isFuture(one, now)) return 'date'
  return unverified.has(one.id) ? 'unverified' : undefined
}

/**
 * A backup that was pushed twice has two snapshots, which are kept or deleted together. A pin holds wherever it is: a
 * local backup without one can have been fetched before the pin was made.
 */
function groupBackups(snapshots: Snapshot[], local: BackupSet[]): StoredBackup[] {
  const pins = new Set(local.filter(({pinned}) => pinned).map(({id}) => id))
  const ids = [...new Set(snapshots.map(({id}) => id))]
  return ids.map(id => {
    const own = snapshots.filter(one => one.id === id)
    const {takenAt, schemas, kind, database} = own[0]!
    return {
      id,
      takenAt,
      state: 'complete',
      pinned: pins.has(id) || own.some(({pinned}) => pinned),
      schemas,
      manifest: {kind, server: {database}},
      snapshots: own,
    }
  })
}

function withStores(one: ReturnType<typeof describe>, stores: StoreSnapshot[]) {
  const own = stores.filter(({set}) => set === one.id).map(({snapshot}) => snapshot)
  return {...one, snapshots: [...one.snapshots, ...own]}
}

/** Returns the snapshots of stores whose backup has left the repository. */
export function findOrphans(stores: StoreSnapshot[], snapshots: Snapshot[]): StoreSnapshot[] {
  return stores.filter(({set}) => snapshots.every(({id}) => id !== set))
}

function describe(snapshots: Snapshot[]) {
  const {id, takenAt, bytes, schemas} = snapshots[0]!
  return {id, takenAt, bytes, schemas, snapshots: snapshots.map(({snapshot}) => snapshot)}
}
