import {randomBytes} from 'node:crypto'
import {link, readdir, rm, stat, writeFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {errnoOf} from './file-errors.js'

/**
 * Creates a file with mode 0600 atomically: it is written to a draft and then linked to its name. link(2) fails if the
 * name exists, even as a dangling symbolic link, so only one of two concurrent calls succeeds.
 *
 * @returns false if the name already exists; that file is left unchanged
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

/** Drafts older than this, in ms, are leftovers of killed runs: writing one takes milliseconds. */
const ABANDONED_MS = 60_000

/** Removes stale drafts, which contain secrets. A directory that this user cannot read has no drafts of this user. */
async function sweep(path: string): Promise<void> {
  const directory = dirname(path)
  const names = await readdir(directory).catch(() => [])
  const drafts = names.filter(name => name.startsWith(`${basename(path)}${DRAFT}`))
  for (const draft of drafts.map(name => join(directory, name))) {
    const {mtimeMs} = await stat(draft).catch(() => ({mtimeMs: Infinity}))
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(draft, {force: true})
  }
}
