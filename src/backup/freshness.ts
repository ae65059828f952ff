import type {Problem} from '../errors.js'
import {PLATFORM} from '../stack/schemas.js'
import {type BackupSet, isFuture} from './repository/backup-set.js'

/**
 * Default maximum age in hours: a nightly backup that is older failed last night. It is a day plus the time of a
 * slow backup.
 */
export const USUAL_MAX_AGE_HOURS = 26

/**
 * The age of the newest complete backup, and of the newest one of each schema of each database; safety backups do not
 * count.
 */
export interface Freshness {
  newest: Aged | null
  schemas: (Aged & {database: string; schema: string})[]
}

interface Aged {
  id: string
  ageHours: number
}

/** A complete backup, here or in the off-site repository. */
type Dated = Pick<BackupSet, 'id' | 'takenAt' | 'schemas'> & {kind: 'backup' | 'safety'; database: string}

/** Measures the age of the backups that a restore would use by default. Backups dated in the future are ignored. */
export function measureAge(newestFirst: Dated[], now: Date): Freshness {
  const backups = newestFirst.filter(one => one.kind === 'backup' && !isFuture(one, now))
  const aged = (one: Dated): Aged => ({id: one.id, ageHours: hoursSince(one, now)})
  // As for rotation, the backup of a copy of a database is no backup of the original.
  const newest = new Map<string, Freshness['schemas'][number]>()
  for (const one of backups.toReversed()) {
    const {database, schemas} = one
    for (const schema of schemas)
      newest.set(JSON.stringify([database, schema]), {database, schema, ...aged(one)})
  }
  return {newest: backups[0] ? aged(backups[0]) : null, schemas: [...newest.values()]}
}

/** What has no backup that is new enough. */
export interface Late {
  /** Schemas of the platform, with their database if there are several; empty: all of them. */
  schemas: string[]
  /** Their newest backup; null: there is none. */
  newest: Aged | null
}

/**
 * Finds what has no backup of the last hours. Each schema of the platform is looked at, because a manual backup of one
 * schema must not hide that the nightly ones fail.
 */
export function findLate({newest, schemas}: Freshness, maxAgeHours: number): Late | undefined {
  if (!newest || newest.ageHours > maxAgeHours) return {schemas: [], newest}
  const absent = PLATFORM.filter(name => !schemas.some(({schema}) => schema === name))
  if (absent.length > 0) return {schemas: absent, newest: null}
  const old = schemas.filter(({schema, ageHours}) => PLATFORM.includes(schema) && ageHours > maxAgeHours)
  const [worst] = old.toSorted((a, b) => b.ageHours - a.ageHours)
  const databases = new Set(schemas.map(({database}) => database))
  const nameOf = ({database, schema}: (typeof old)[number]): string =>
    databases.size > 1 ? `${schema} of database ${database}` : schema
  return worst && {schemas: old.map(nameOf), newest: worst}
}

/** Returns the words for what is too old or does not exist, such as `of user, event, 20260101T020000Z, is 30 hours old`. */
export function lateText({schemas, newest}: Late, maxAgeHours: number): string {
  const of = schemas.length === 0 ? '' : ` of ${schemas.join(', ')}`
  if (!newest) return of
  return `${of}, ${newest.id}, is ${Math.floor(newest.ageHours)} hours old (maximum: ${maxAgeHours})`
}

/** Returns a problem if a schema of the platform has no local backup that is at most this many hours old. */
export function findTooOld(
  {directory, ...freshness}: Freshness & {directory: string},
  maxAgeHours: number,
): Problem | undefined {
  const late = findLate(freshness, maxAgeHours)
  if (!late) return undefined
  const text = lateText(late, maxAgeHours)
  if (!late.newest) {
    return {
      code: 'backup-too-old',
      message: `no complete backup${text} was found in ${directory}`,
      hint: 'take one: aquastream db:backup',
    }
  }
  return {
    code: 'backup-too-old',
    message: `the newest backup${text}`,
    hint: 'find out why the last backup failed, then take one: aquastream db:backup',
  }
}

/** Returns the age of a backup in hours, rounded to 0.01. */
export function hoursSince({takenAt}: Pick<BackupSet, 'takenAt'>, now: Date): number {
  return Math.round((now.getTime() - takenAt.getTime()) / 36_000) / 100
}
