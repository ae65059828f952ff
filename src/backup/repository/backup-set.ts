import {type Manifest, SET_ID} from './manifest.js'

/** One backup of the catalogue: a directory that has the moment it shows as its name. */
export interface BackupSet {
  id: string
  path: string
  takenAt: Date
  /**
   * partial: no SHA256SUMS. damaged: what it names is missing, has another size, or cannot be understood.
   * complete says nothing about the content of the archives; `db:verify` does.
   */
  state: 'complete' | 'partial' | 'damaged'
  /** Why it is not complete. */
  reason?: string
  /** Rotation leaves it alone. */
  pinned: boolean
  /** Nothing when it cannot be understood, or is not the one that the checksums list. */
  manifest: Manifest | undefined
  /** Of the manifest, else as the names of the archives tell. */
  schemas: string[]
  /** Of all files together. */
  bytes: number
}

/** The name of a set that shows this moment. */
export function setId(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}

/** The moment that a name stands for; nothing when it is no name of a set. */
export function timeOf(id: string): Date | undefined {
  if (!SET_ID.test(id)) return undefined
  const iso = id.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const date = new Date(iso)
  // 20260230T000000Z would be a day in March.
  return !Number.isNaN(date.getTime()) && setId(date) === id ? date : undefined
}
