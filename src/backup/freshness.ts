import type {Problem} from '../errors.js'
import {PLATFORM} from '../stack/schemas.js'
import type {BackupSet} from './repository/backup-set.js'
import {isFuture} from './retention.js'

/** A nightly backup that is older than this failed last night: a day, and time for a slow one. */
export const USUAL_MAX_AGE_HOURS = 26

/** The newest complete backup that no restore made: of all, and of each schema. */
export interface Freshness {
  newest: Aged | null
  schemas: (Aged & {schema: string})[]
}

interface Aged {
  id: string
  ageHours: number
}

/** How old what a restore would take is. A set from the future hides nothing. */
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
 * What is wrong when the newest backup of a schema of the platform is older than so many hours, or there is
 * none: one of a single schema, made by hand, must not hide that the nights fail.
 */
export function findTooOld(
  {newest, schemas, directory}: Freshness & {directory: string},
  maxAgeHours: number,
): Problem | undefined {
  if (!newest) {
    return {
      code: 'backup-too-old',
      message: `there is no complete backup in ${directory}`,
      hint: 'make one: aquastream db:backup',
    }
  }
  const old = schemas.filter(({schema, ageHours}) => PLATFORM.includes(schema) && ageHours > maxAgeHours)
  const [worst] = old.toSorted((a, b) => b.ageHours - a.ageHours)
  const late = newest.ageHours > maxAgeHours ? newest : worst
  if (!late) return undefined
  const of = late === newest ? '' : ` of ${old.map(({schema}) => schema).join(', ')}`
  return {
    code: 'backup-too-old',
    message: `the newest backup${of}, ${late.id}, is ${Math.floor(late.ageHours)} hours old, more than ${maxAgeHours}`,
    hint: 'see why the last one failed, and make one: aquastream db:backup',
  }
}

/** In hours to the hundredth, which is half a minute. */
export function hoursSince({takenAt}: Pick<BackupSet, 'takenAt'>, now: Date): number {
  return Math.round((now.getTime() - takenAt.getTime()) / 36_000) / 100
}
