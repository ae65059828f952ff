import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {errnoOf} from '../../system/files/file-errors.js'
import {storageError} from '../storage-error.js'
import {type BackupSet, timeOf} from './backup-set.js'
import {inspect} from './inspect.js'

/** Backups inspected concurrently: enough for a slow disk, far below the limit of open files. */
const AT_ONCE = 16

/**
 * Lists all backups of a repository, newest first; an empty list when it does not exist. Symbolic links and
 * directories with other names are ignored.
 * @throws backup-directory, disk-full
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

/** Reads one backup again; undefined when it no longer exists. */
export async function readSet(root: string, id: string): Promise<BackupSet | undefined> {
  const takenAt = timeOf(id)
  if (!takenAt) return undefined
  const path = join(root, id)
  const findings = await inspect(path, id)
  return findings && {id, path, takenAt, ...findings}
}

/**
 * Lists the IDs of all backups of a repository, newest first.
 * @throws backup-directory, disk-full
 */
export async function listIds(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, {withFileTypes: true})
    const ids = entries.filter(entry => entry.isDirectory() && timeOf(entry.name)).map(({name}) => name)
    return ids.sort().reverse()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw storageError(root, error)
  }
}
