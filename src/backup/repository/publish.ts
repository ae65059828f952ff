import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {mkdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {flush} from '../../system/files/disk.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {storageError} from '../storage-error.js'
import {setId} from './backup-set.js'
import {CHECKSUMS, MANIFEST, type Manifest, PINNED} from './manifest.js'

/** A set that is being written; nobody takes it for one until it is published. */
export interface Draft {
  id: string
  path: string
}

/** Where a new set goes. */
interface Place {
  /** Directory of the sets. */
  root: string
  /** Rotation leaves it alone. */
  pin: boolean
}

/**
 * Makes the hidden directory for a new set, runs work in it, and gives the set its name when the work has
 * ended well. Whatever fails leaves no set.
 */
export async function withDraft(
  {root, pin}: Place,
  work: (draft: Draft) => Promise<Manifest>,
): Promise<{path: string; manifest: Manifest}> {
  const id = freeId(root, new Date())
  const draft = {id, path: join(root, `.${id}.partial`)}
  try {
    await mkdir(draft.path, {mode: 0o700})
    const manifest = await work(draft)
    return {path: await publish({root, pin}, draft, manifest), manifest}
  } catch (error) {
    // What cannot be deleted now is swept by the next run.
    await rm(draft.path, {recursive: true, force: true}).catch(() => undefined)
    throw errnoOf(error) === undefined ? error : storageError(root, error)
  }
}

/** Two sets in one second, or a clock that was set back: the next second that is free. */
function freeId(root: string, now: Date): string {
  const id = setId(now)
  const taken = existsSync(join(root, id)) || existsSync(join(root, `.${id}.partial`))
  return taken ? freeId(root, new Date(now.getTime() + 1000)) : id
}

/** The checksums come last: they make the set complete. Each step is on the disk before the next. */
async function publish({root, pin}: Place, {id, path}: Draft, manifest: Manifest): Promise<string> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  await writePrivate(join(path, MANIFEST), text)
  if (pin) await writePrivate(join(path, PINNED), '')
  const sums = [...manifest.archives, manifest.globals].map(({file, sha256}) => `${sha256}  ${file}\n`)
  sums.push(`${createHash('sha256').update(text).digest('hex')}  ${MANIFEST}\n`)
  await writePrivate(join(path, CHECKSUMS), sums.sort(byName).join(''))
  await flush(path)
  await rename(path, join(root, id))
  await flush(root)
  return join(root, id)
}

function byName(a: string, b: string): number {
  return a.slice(66) < b.slice(66) ? -1 : 1
}

async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, {mode: 0o600, flag: 'wx'})
  await flush(path)
}

/**
 * The name of a schema's archive. Letters that are not plain, capitals among them, are written as %41: some file
 * systems take User and user for one file. backup.sh does the same.
 */
export function archiveName(schema: string, id: string, suffix: string): string {
  // The roles have this name.
  if (schema === 'globals') return `%67lobals_${id}${suffix}`
  const bytes = [...Buffer.from(schema)]
  const stem = bytes.map(byte => {
    const char = String.fromCharCode(byte)
    return /[a-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  })
  return `${stem.join('')}_${id}${suffix}`
}
