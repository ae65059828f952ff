import {lstatSync} from 'node:fs'
import {dirname} from 'node:path'

/**
 * Returns the path itself if it exists, otherwise its nearest parent that exists. A symbolic link exists even if what it
 * refers to does not: no directory can be created in its place.
 */
export function nearestExisting(path: string): string {
  return exists(path) || path === dirname(path) ? path : nearestExisting(dirname(path))
}

function exists(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}
