import {randomBytes} from 'node:crypto'
import {link, readdir, rm, stat, writeFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {errnoOf} from './file-errors.js'

/**
 * Makes a private file, whole or not at all. A link fails where anything is in its place, a link that leads nowhere
 * included, so of two at once one makes it.
 *
 * @returns false when there is something under that name; it stays as it is
 */
export async function createFile(path: string, text: string): Promise<boolean> {
  await sweep(path)
  const draft = `${path}${DRAFT}${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, text, {mode: 0o600, flag: 'wx', flush: true})
    await link(draft, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, {force: true})
  }
}

const DRAFT = '.draft-'

/** Older drafts are of runs that were killed: writing one takes milliseconds. */
const ABANDONED_MS = 60_000

/** What a killed run left holds secrets. Where this user may not look, nothing of this user's was left. */
async function sweep(path: string): Promise<void> {
  const directory = dirname(path)
  const names = await readdir(directory).catch(() => [])
  const drafts = names.filter(name => name.startsWith(`${basename(path)}${DRAFT}`))
  for (const draft of drafts.map(name => join(directory, name))) {
    const {mtimeMs} = await stat(draft).catch(() => ({mtimeMs: Infinity}))
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(draft, {force: true})
  }
}
