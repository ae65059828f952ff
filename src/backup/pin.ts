import {rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {errnoOf} from '../system/files/file-errors.js'
import {findSet} from './repository/find.js'
import {withDirectoryLock} from './repository/lock.js'
import {PINNED} from './repository/manifest.js'
import {listSets} from './repository/sets.js'
import {storageError} from './storage-error.js'

/** Selects a backup to pin or unpin. */
export interface PinRequest {
  /** The repository. */
  directory: string
  /** An ID, the beginning of an ID, or `latest`. */
  ref: string
  pinned: boolean
}

/** The JSON of `db:pin` and `db:unpin`. */
export interface PinReport {
  id: string
  pinned: boolean
  /** False if the backup already was in the requested state. */
  changed: boolean
}

/**
 * Pins or unpins a backup.
 * @throws no-such-backup, busy, backup-directory, disk-full
 */
export async function setPin({directory, ref, pinned}: PinRequest): Promise<PinReport> {
  // Search before locking as well, because taking the lock creates the repository.
  findSet(await listSets(directory), ref, directory)
  return withDirectoryLock(directory, pinned ? 'db:pin' : 'db:unpin', async () => {
    const set = findSet(await listSets(directory), ref, directory)
    const changed = set.pinned !== pinned
    if (changed) await mark(set.path, pinned)
    return {id: set.id, pinned, changed}
  })
}

async function mark(path: string, pinned: boolean): Promise<void> {
  const file = join(path, PINNED)
  try {
    if (pinned) await writeFile(file, '', {flag: 'wx', mode: 0o600})
    else await rm(file, {force: true})
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw storageError(file, error)
  }
}
