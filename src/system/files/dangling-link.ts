import {stat} from 'node:fs/promises'
import {errnoOf} from './file-errors.js'
import {nearestExisting} from './nearest-existing.js'

/**
 * Returns the symbolic link in a path that refers to something that does not exist, such as a disk that is not mounted;
 * undefined if there is none.
 */
export async function findDanglingLink(path: string): Promise<string | undefined> {
  const there = nearestExisting(path)
  return (await stat(there).catch(errnoOf)) === 'ENOENT' ? there : undefined
}
