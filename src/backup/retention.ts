import {AquastreamError} from '../errors.js'
import {DAY_MS} from '../system/time.js'
import type {BackupSet} from './repository/backup-set.js'

/** How many periods that hold a backup keep their newest one. */
export interface Policy {
  daily: number
  weekly: number
  monthly: number
}

export const DEFAULT_POLICY: Policy = {daily: 7, weekly: 4, monthly: 3}

type Rule = keyof Policy
type Kind = 'backup' | 'safety'

/** Why a set stays. */
export type KeepReason =
  /** The newest of its day, ISO week or month, for this schema; `oldest` is kept where a rule has room left. */
  | {rule: Rule; schema: string; bucket: string; oldest: boolean}
  /** The newest complete set of this schema, or the newest that no restore made. */
  | {rule: 'newest' | 'newest-backup'; schema: string}
  | {rule: 'pinned'}
  /** A restore made it a few days ago, and somebody may want to go back. */
  | {rule: 'safety'}
  | {rule: 'future'}

/** What a decision looks at. */
export type Candidate = Pick<BackupSet, 'id' | 'takenAt' | 'state' | 'pinned' | 'schemas'> & {
  manifest: {kind: Kind; server: {database: string}} | undefined
}

export interface Decision<Item extends Candidate = BackupSet> {
  set: Item
  /** ignore: it is not complete, so it neither counts nor goes. */
  action: 'keep' | 'delete' | 'ignore'
  reasons: KeepReason[]
}

/** So long a set that a restore made stays. */
const SAFETY_DAYS = 7

/** A clock that is a day ahead is a clock; more than that is a mistake, and must not push out real backups. */
export function isFuture({takenAt}: Pick<BackupSet, 'takenAt'>, now: Date): boolean {
  return takenAt.getTime() > now.getTime() + DAY_MS
}

/**
 * What stays and what goes, newest first: restic's `forget --keep-daily --keep-weekly --keep-monthly`, applied
 * to each schema of each database by itself; a set stays while any of its schemas needs it. Sets made by restores stay for a week
 * and do not count: each may be the only copy of what was replaced, and the last of a day is not the best one. Whatever
 * the policy and the clock say, the newest complete set of each schema stays.
 * @throws usage when the policy keeps nothing
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

/** One rule on its way from the newest set to the oldest: restic's bucket. */
interface Bucket {
  rule: Rule
  left: number
  last: number
  bucketOf: (set: Candidate) => number
  name: (set: Candidate) => string
}

/** restic's ApplyPolicy (internal/data/snapshot_policy.go), for the newest first of one schema. */
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
      // Where a rule has room left, the oldest stays too: history is as long as it can be.
      if (!isNew && index !== oldest) continue
      bucket.last = value
      bucket.left--
      reasons.push({rule: bucket.rule, schema, bucket: bucket.name(set), oldest: !isNew})
    }
    if (buckets.every(({left}) => left <= 0)) return
  }
}

/** Days since 1970, a Thursday. */
function dayOf({takenAt}: Candidate): number {
  return Math.floor(takenAt.getTime() / DAY_MS)
}

/** ISO weeks begin on Monday, and only whether two are the same matters here. */
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

/** The ISO year is that of the week's Thursday. */
function weekName(set: Candidate): string {
  const thursday = new Date(weekOf(set) * 7 * DAY_MS)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}

/** A backup of a copy stands in for none of the original, though their schemas have the same names. */
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
