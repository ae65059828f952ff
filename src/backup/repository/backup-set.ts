import {DAY_MS} from '../../system/time.js'
import {type Manifest, SET_ID} from './manifest.js'

/** One backup: a directory of the repository whose name is the moment of the snapshot. */
export interface BackupSet {
  id: string
  path: string
  takenAt: Date
  /**
   * `partial`: SHA256SUMS is missing. `damaged`: a file is missing, has a wrong size or is malformed. `complete`
   * says nothing about the content of the archives; `db:verify` checks it.
   */
  state: 'complete' | 'partial' | 'damaged'
  /** Why the backup is not complete. */
  reason?: string
  /** Rotation never deletes a pinned backup. */
  pinned: boolean
  /** Undefined when the manifest is malformed or does not match SHA256SUMS. */
  manifest: Manifest | undefined
  /** The schemas in the manifest; without a valid manifest, those in the names of the archives. */
  schemas: string[]
  /** Total size of all files. */
  bytes: number
}

/** Returns the ID of a backup whose snapshot was taken at this moment, to the second. */
export function setId(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}

/** Returns the moment that an ID denotes; undefined when the text is not an ID. */
export function timeOf(id: string): Date | undefined {
  if (!SET_ID.test(id)) return undefined
  const part = (from: number, to: number): number => Number(id.slice(from, to))
  const month = part(4, 6) - 1
  const date = new Date(Date.UTC(part(0, 4), month, part(6, 8), part(9, 11), part(11, 13), part(13, 15)))
  // Date.UTC accepts 20260230T000000Z as a day in March, and reads the years 0 to 99 as 1900 to 1999.
  const isSame =
    date.getUTCFullYear() === part(0, 4) &&
    date.getUTCMonth() === month &&
    date.getUTCDate() === part(6, 8) &&
    date.getUTCHours() === part(9, 11) &&
    date.getUTCMinutes() === part(11, 13) &&
    date.getUTCSeconds() === part(13, 15)
  return isSame ? date : undefined
}

/**
 * Returns whether a backup is dated more than a day in the future. A clock skew of a day is tolerated; a backup
 * dated later must not replace real ones: rotation, the age of the newest backup and `latest` leave it out.
 */
export function isFuture({takenAt}: Pick<BackupSet, 'takenAt'>, now: Date): boolean {
  return takenAt.getTime() > now.getTime() + DAY_MS
}
