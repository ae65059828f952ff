import {constants} from 'node:fs'
import {appendFile, readFile, rename, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {DAY_MS} from '../../system/time.js'
import {timeOf} from './backup-set.js'

/** As long as the calendar of `db:list` looks back, and a month more. */
const REMEMBERED_MS = 124 * DAY_MS

/** IDs of the backups that rotations deleted in the last months: where they were is no hole. Newest first. */
export async function readHistory(root: string): Promise<string[]> {
  const text = await readFile(join(root, '.rotated'), {
    encoding: 'utf8',
    flag: constants.O_RDONLY | constants.O_NOFOLLOW,
  }).catch(() => '')
  const ids = new Set(text.split('\n').filter(line => timeOf(line)))
  return [...ids].sort().reverse()
}

/** Only for the eye: where it cannot be written, a rotation still does its work. */
export async function noteRotated(root: string, id: string): Promise<void> {
  await appendFile(join(root, '.rotated'), `${id}\n`, {mode: 0o600}).catch(() => undefined)
}

/** Forgets what no calendar shows any more. */
export async function trimHistory(root: string, now: Date): Promise<void> {
  const ids = await readHistory(root)
  const recent = ids.filter(id => timeOf(id)!.getTime() > now.getTime() - REMEMBERED_MS)
  if (recent.length === ids.length) return
  const draft = join(root, '.rotated.new')
  await writeFile(draft, recent.map(id => `${id}\n`).join(''), {mode: 0o600})
    .then(() => rename(draft, join(root, '.rotated')))
    .catch(() => undefined)
}
