import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {storageError} from '../storage-error.js'
import {timeOf} from './backup-set.js'
import {listEntries} from './entries.js'

/**
 * Lists the hidden directories that interrupted commands left: partially written or partially deleted backups. The
 * names that backup.sh uses when run manually do not match.
 * @throws backup-directory, disk-full
 */
export async function listLeftovers(root: string): Promise<string[]> {
  const entries = await listEntries(root)
  return entries
    .filter(entry => entry.isDirectory() && isLeftover(entry.name))
    .map(({name}) => name)
    .sort()
}

/**
 * Deletes the leftovers of interrupted commands, and returns their names. The caller must hold the lock of the
 * repository, because a backup that is being written has the same kind of name.
 * @throws backup-directory, disk-full
 */
export async function deleteLeftovers(root: string): Promise<string[]> {
  const names = await listLeftovers(root)
  for (const name of names) {
    await rm(join(root, name), {recursive: true, force: true}).catch((error: unknown) => {
      throw storageError(join(root, name), error)
    })
  }
  return names
}

function isLeftover(name: string): boolean {
  const [, id = ''] = /^\.(\w+)\.(?:partial|deleted)$/.exec(name) ?? []
  return timeOf(id) !== undefined
}
