import {stat} from 'node:fs/promises'
import {errnoOf} from './file-errors.js'
import {nearestExisting} from './nearest-existing.js'

/**
 * Returns whether a path leads through a symbolic link that refers to something that does not exist, such as a disk that is
 * not mounted. The link is the nearest existing path.
 */
export async function hasDanglingLink(path: string): Promise<boolean> {
  return (await stat(nearestExisting(path)).catch(errnoOf)) === 'ENOENT'
}
