import {readdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {errnoOf} from '../../system/files/file-errors.js'
import {storageError} from '../storage-error.js'
import {timeOf} from './backup-set.js'

/** What an ended run left: a set half written, or one on its way out. Not those that backup.sh writes by hand. */
export async function listLeftovers(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, {withFileTypes: true})
    return entries
      .filter(entry => entry.isDirectory() && isLeftover(entry.name))
      .map(({name}) => name)
      .sort()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw storageError(root, error)
  }
}

/** Deletes them. Only for who holds the lock of the directory: what somebody writes now looks the same. */
export async function sweepLeftovers(root: string): Promise<string[]> {
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
