import {AquastreamError} from '../errors.js'
import {DAY_MS} from '../system/time.js'
import {type Policy, SAFETY_DAYS} from './policy.js'
import {type BackupSet, isFuture} from './repository/backup-set.js'

type Rule = keyof Policy
type Kind = 'backup' | 'safety'

/** Why a backup is kept. */
export type KeepReason =
  /**
   * The newest backup of a schema in its day, ISO week or month. `oldest`: it is not the newest of its period, but
   * the oldest backup of the schema, and the rule had not reached its number.
   */
  | {rule: Rule; schema: string; bucket: string; oldest: boolean}
  /** The newest complete backup of a schema; `newest-backup`: the newest one that is not a safety backup. */
  | {rule: 'newest' | 'newest-backup'; schema: string}
  | {rule: 'pinned'}
  /** A safety backup of the last days, which may be needed to undo a restore. */
  | {rule: 'safety'}
  | {rule: 'future'}

/** The properties of a backup that a decision depends on. */
export type Candidate = Pick<BackupSet, 'id' | 'takenAt' | 'state' | 'pinned' | 'schemas'> & {
  manifest: {kind: Kind; server: {database: string}} | undefined
}

/** What rotation does with a backup, and why. */
export interface Decision<Item extends Candidate = BackupSet> {
  set: Item
  /** `ignore`: the backup is not complete, so it neither counts for the policy nor is deleted. */
  action: 'keep' | 'delete' | 'ignore'
  reasons: KeepReason[]
}

/**
 * Decides which backups are kept, newest first. The rules are those of restic's `forget --keep-daily --keep-weekly
 * --keep-monthly`, applied to each schema of each database separately: a backup is kept while any of its schemas
 * needs it. A safety backup is kept for `SAFETY_DAYS` and does not count for the policy, because it may be the only copy
 * of what was replaced, and the last one of a day is not the best one. The newest complete backup of each schema is
 * always kept, regardless of the policy and the clock.
 * https://restic.readthedocs.io/en/stable/060_forget.html
 * @throws usage: the policy keeps nothing
 */
export function decide<Item extends Candidate>(sets: Item[], policy: Policy, now: Date): Decision<Item>[] {
  checkPolicy(policy)
  const decisions = [...sets]
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .map((set): Decision<Item> => ({
      set,
      action: set.state === 'complete' ? 'delete' : 'ignore',
      reasons: [],
    }))
  const complete = decisions.filter(({action}) => action === 'delete')
  for (const {set, reasons} of complete) if (set.pinned) reasons.push({rule: 'pinned'})
  const [future, present] = split(complete, ({set}) => isFuture(set, now))
  for (const {reasons} of future) reasons.push({rule: 'future'})
  for (const {set, reasons} of present) if (isFreshSafety(set, now)) reasons.push({rule: 'safety'})
  for (const {schema, list} of bySchema(present)) {
    list[0]?.reasons.push({rule: 'newest', schema})
    const backups = list.filter(({set}) => !isSafety(set))
    if (backups[0] !== list[0]) backups[0]?.reasons.push({rule: 'newest-backup', schema})
    applyPolicy(backups, policy, schema)
  }
  for (const decision of complete) if (decision.reasons.length > 0) decision.action = 'keep'
  return decisions
}

function isSafety({manifest}: Candidate): boolean {
  return manifest?.kind === 'safety'
}

function isFreshSafety(set: Candidate, now: Date): boolean {
  return isSafety(set) && now.getTime() - set.takenAt.getTime() < SAFETY_DAYS * DAY_MS
}

function checkPolicy(policy: Policy): void {
  const counts = Object.values(policy)
  const ok = counts.every(count => Number.isInteger(count) && count >= 0) && counts.some(count => count > 0)
  if (ok) return
  throw new AquastreamError('usage', 'a policy that keeps nothing would delete every backup', {
    hint: 'keep at least one: --keep-daily 1',
  })
}

/** The state of one rule during the pass from the newest backup to the oldest; restic calls it a bucket. */
interface Bucket {
  rule: Rule
  left: number
  last: number
  bucketOf: (set: Candidate) => number
  name: (set: Candidate) => string
}

/**
 * Applies the policy to the backups of one schema, newest first, like ApplyPolicy of restic
 * (internal/data/snapshot_policy.go).
 */
function applyPolicy(list: Decision<Candidate>[], policy: Policy, schema: string): void {
  const buckets: Bucket[] = [
    {rule: 'daily', left: policy.daily, last: -1, bucketOf: dayOf, name: dayName},
    {rule: 'weekly', left: policy.weekly, last: -1, bucketOf: weekOf, name: weekName},
    {rule: 'monthly', left: policy.monthly, last: -1, bucketOf: monthOf, name: monthName},
  ]
  const oldest = list.length - 1
  for (const [index, {set, reasons}] of list.entries()) {
    for (const bucket of buckets) {
      if (bucket.left <= 0) continue
      const value = bucket.bucketOf(set)
      const isNew = value !== bucket.last
      // If the rule has not reached its number, keep the oldest backup too, so that the history is as long as
      // possible.
      if (!isNew && index !== oldest) continue
      bucket.last = value
      bucket.left--
      reasons.push({rule: bucket.rule, schema, bucket: bucket.name(set), oldest: !isNew})
    }
    if (buckets.every(({left}) => left <= 0)) return
  }
}

/** Days since 1 January 1970, which was a Thursday. */
function dayOf({takenAt}: Candidate): number {
  return Math.floor(takenAt.getTime() / DAY_MS)
}

/** Weeks since 1970. ISO weeks start on Monday; the number is only compared with others. */
function weekOf(set: Candidate): number {
  return Math.floor((dayOf(set) + 3) / 7)
}

function monthOf({id}: Candidate): number {
  return Number(id.slice(0, 6))
}

function dayName({id}: Candidate): string {
  return `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}`
}

function monthName({id}: Candidate): string {
  return `${id.slice(0, 4)}-${id.slice(4, 6)}`
}

/** The ISO week, such as 2026-W48. The year of an ISO week is the year of its Thursday. */
function weekName(set: Candidate): string {
  const thursday = new Date(weekOf(set) * 7 * DAY_MS)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}

/**
 * Groups backups by database and schema: the backup of a copy of a database does not replace a backup of the
 * original, although their schemas have the same names.
 */
function bySchema<Item extends Candidate>(
  decisions: Decision<Item>[],
): Iterable<{schema: string; list: Decision<Item>[]}> {
  const lists = new Map<string, {schema: string; list: Decision<Item>[]}>()
  for (const decision of decisions) {
    const {manifest, schemas} = decision.set
    for (const schema of new Set(schemas)) {
      const key = JSON.stringify([manifest?.server.database, schema])
      const known = lists.get(key)
      if (known) known.list.push(decision)
      else lists.set(key, {schema, list: [decision]})
    }
  }
  return lists.values()
}

function split<T>(list: T[], test: (item: T) => boolean): [T[], T[]] {
  return [list.filter(test), list.filter(item => !test(item))]
}
