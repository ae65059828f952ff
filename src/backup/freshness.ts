import type {Problem} from '../errors.js'
import {PLATFORM} from '../stack/schemas.js'
import {type BackupSet, isFuture} from './repository/backup-set.js'

/**
 * Default maximum age in hours: a nightly backup that is older failed last night. It is a day plus the time of a
 * slow backup.
 */
export const USUAL_MAX_AGE_HOURS = 26

/** The age of the newest complete backup, and of the newest one of each schema; safety backups do not count. */
export interface Freshness {
  newest: Aged | null
  schemas: (Aged & {schema: string})[]
}

interface Aged {
  id: string
  ageHours: number
}

/** Measures the age of the backups that a restore would use by default. Backups dated in the future are ignored. */
export function measureAge(newestFirst: BackupSet[], now: Date): Freshness {
  const backups = newestFirst.filter(
    set => set.state === 'complete' && set.manifest?.kind === 'backup' && !isFuture(set, now),
  )
  const bySchema = new Map<string, BackupSet>()
  for (const set of backups.toReversed()) for (const schema of set.schemas) bySchema.set(schema, set)
  const aged = (set: BackupSet): Aged => ({id: set.id, ageHours: hoursSince(set, now)})
  return {
    newest: backups[0] ? aged(backups[0]) : null,
    schemas: [...bySchema].map(([schema, set]) => ({schema, ...aged(set)})),
  }
}

/**
 * Returns a problem when there is no backup, or when the newest one of any schema of the platform is older than
 * this many hours. Each schema is checked, because a manual backup of one schema must not hide that the nightly
 * ones fail.
 */
export function findTooOld(
  {newest, schemas, directory}: Freshness & {directory: string},
  maxAgeHours: number,
): Problem | undefined {
  if (!newest) {
    return {
      code: 'backup-too-old',
      message: `no complete backup was found in ${directory}`,
      hint: 'take one: aquastream db:backup',
    }
  }
  const old = schemas.filter(({schema, ageHours}) => PLATFORM.includes(schema) && ageHours > maxAgeHours)
  const [worst] = old.toSorted((a, b) => b.ageHours - a.ageHours)
  const late = newest.ageHours > maxAgeHours ? newest : worst
  if (!late) return undefined
  const of = late === newest ? '' : ` of ${old.map(({schema}) => schema).join(', ')}`
  return {
    code: 'backup-too-old',
    message: `the newest backup${of}, ${late.id}, is ${Math.floor(late.ageHours)} hours old (maximum: ${maxAgeHours})`,
    hint: 'find out why the last backup failed, then take one: aquastream db:backup',
  }
}

/** Returns the age of a backup in hours, rounded to 0.01. */
export function hoursSince({takenAt}: Pick<BackupSet, 'takenAt'>, now: Date): number {
  return Math.round((now.getTime() - takenAt.getTime()) / 36_000) / 100
}
