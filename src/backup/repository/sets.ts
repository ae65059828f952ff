import {join} from 'node:path'
import {setImmediate as yieldToEvents} from 'node:timers/promises'
import {type BackupSet, timeOf} from './backup-set.js'
import {listEntries} from './entries.js'
import {inspect} from './inspect.js'

/** Backups inspected between two turns of the event loop, which an interrupt needs. */
const AT_ONCE = 32

/**
 * Lists all backups of a repository, newest first; an empty list when it does not exist. Symbolic links and
 * directories with other names are ignored.
 * @throws backup-directory, disk-full
 */
export async function listSets(root: string): Promise<BackupSet[]> {
  const sets: (BackupSet | undefined)[] = []
  for (const id of await listIds(root)) {
    if (sets.length % AT_ONCE === 0) await yieldToEvents()
    sets.push(readSet(root, id))
  }
  return sets.filter(set => set !== undefined)
}

/** Reads one backup again; undefined when it no longer exists. */
export function readSet(root: string, id: string): BackupSet | undefined {
  const takenAt = timeOf(id)
  if (!takenAt) return undefined
  const path = join(root, id)
  const findings = inspect(path, id)
  return findings && {id, path, takenAt, ...findings}
}

/**
 * Lists the IDs of all backups of a repository, newest first.
 * @throws backup-directory, disk-full
 */
export async function listIds(root: string): Promise<string[]> {
  const entries = await listEntries(root)
  const ids = entries.filter(entry => entry.isDirectory() && timeOf(entry.name)).map(({name}) => name)
  return ids.sort().reverse()
}
