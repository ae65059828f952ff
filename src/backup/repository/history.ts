import {constants} from 'node:fs'
import {appendFile, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {replaceFile} from '../../system/files/replace-file.js'
import {succeeds} from '../../system/succeeds.js'
import {DAY_MS} from '../../system/time.js'
import {timeOf} from './backup-set.js'

/** Milliseconds that an ID is stored: the three months that the calendar of `db:list` shows, and one more. */
const REMEMBERED_MS = 124 * DAY_MS

/**
 * Returns the IDs of the backups that rotation deleted in the last months, newest first. The calendar marks their
 * days as rotated instead of missing. Returns an empty list when the file cannot be read.
 */
export async function readHistory(root: string): Promise<string[]> {
  const text = await readFile(join(root, '.rotated'), {
    encoding: 'utf8',
    flag: constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  }).catch(() => '')
  const ids = new Set(text.split('\n').filter(line => timeOf(line)))
  return [...ids].sort().reverse()
}

/** Records that rotation deleted a backup. Errors are ignored, because the record is only displayed. */
export async function noteRotated(root: string, id: string): Promise<void> {
  await appendFile(join(root, '.rotated'), `${id}\n`, {mode: 0o600}).catch(() => undefined)
}

/** Removes the IDs that the calendar no longer shows. Errors are ignored. */
export async function trimHistory(root: string, now: Date): Promise<void> {
  const ids = await readHistory(root)
  const recent = ids.filter(id => timeOf(id)!.getTime() > now.getTime() - REMEMBERED_MS)
  if (recent.length === ids.length) return
  await succeeds(replaceFile(join(root, '.rotated'), recent.map(id => `${id}\n`).join('')))
}
