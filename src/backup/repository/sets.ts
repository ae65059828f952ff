import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {cannotUse} from './directory.js'
import {inspect} from './inspect.js'
import {type Manifest, SET_ID} from './manifest.js'
import {errnoOf} from '../../system/files/file-errors.js'

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

/** Sets looked at at the same time: enough for a slow disk, far from the limit of open files. */
const AT_ONCE = 16

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

/**
 * All sets of a directory, newest first; none when there is no such directory. What has another name is
 * somebody else's, and a symbolic link leads to what is somebody else's.
 */
export async function listSets(root: string): Promise<BackupSet[]> {
  const ids = await listIds(root)
  const sets: (BackupSet | undefined)[] = []
  const rest = ids.entries()
  const worker = async (): Promise<void> => {
    for (const [index, id] of rest) sets[index] = await readSet(root, id)
  }
  await Promise.all(Array.from({length: AT_ONCE}, worker))
  return sets.filter(set => set !== undefined)
}

/** One set as it is now; nothing when it is gone. */
export async function readSet(root: string, id: string): Promise<BackupSet | undefined> {
  const takenAt = timeOf(id)
  if (!takenAt) return undefined
  const path = join(root, id)
  const findings = await inspect(path, id)
  return findings && {id, path, takenAt, ...findings}
}

/** The names of all sets of a directory, newest first. */
export async function listIds(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, {withFileTypes: true})
    const ids = entries.filter(entry => entry.isDirectory() && timeOf(entry.name)).map(({name}) => name)
    return ids.sort().reverse()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw cannotUse(root, error)
  }
}
