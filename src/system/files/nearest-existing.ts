import {existsSync} from 'node:fs'
import {dirname} from 'node:path'

/** Returns the path itself if it exists, otherwise its nearest parent directory that exists. */
export function nearestExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExisting(dirname(path))
}
