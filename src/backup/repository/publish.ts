import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {mkdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {flush} from '../../system/files/disk.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {storageError} from '../storage-error.js'
import {setId} from './backup-set.js'
import {CHECKSUMS, entriesOf, MANIFEST, type Manifest, PINNED} from './manifest.js'

/** A backup that is being written. Its directory is hidden, so that no command takes it for a backup. */
export interface Draft {
  id: string
  path: string
}

/** Where and how a new backup is stored. */
interface SetPlace {
  /** Path of the repository. */
  root: string
  /** Rotation never deletes a pinned backup. */
  pin: boolean
}

/**
 * Creates a new backup: runs work in its draft, and adds the manifest and the checksums.
 * @throws backup-directory, disk-full; also the errors of the work
 */
export async function withNewSet(
  {root, pin}: SetPlace,
  work: (draft: Draft) => Promise<Manifest>,
): Promise<{path: string; manifest: Manifest}> {
  const id = freeId(root, new Date())
  const draft = join(root, draftName(id))
  const manifest = await withDraft({root, id, draft}, async () => {
    const described = await work({id, path: draft})
    await writeDescription(draft, described, pin)
    return described
  })
  return {path: join(root, id), manifest}
}

/**
 * Creates a hidden directory for a backup, runs work in it, and renames it to its ID when the work has succeeded. A
 * failure leaves no backup.
 * @param draft the path of the hidden directory, on the file system of the repository
 * @throws backup-directory, disk-full; also the errors of the work
 */
export async function withDraft<T>(
  {root, id, draft}: {root: string; id: string; draft: string},
  work: () => Promise<T>,
): Promise<T> {
  try {
    await mkdir(draft, {mode: 0o700})
    const result = await work()
    await flush(draft)
    await rename(draft, join(root, id))
    await flush(root)
    return result
  } catch (error) {
    // The next command that takes the lock deletes what remains.
    await rm(draft, {recursive: true, force: true}).catch(() => undefined)
    throw errnoOf(error) === undefined ? error : storageError(root, error)
  }
}

/** Returns the name of a draft in the repository, which `deleteLeftovers` knows. */
function draftName(id: string): string {
  return `.${id}.partial`
}

/**
 * Two backups in one second, or a clock that was set back, would have the same ID: use the next free second. backup.sh does
 * not take the lock of the repository, and names its drafts otherwise.
 */
function freeId(root: string, now: Date): string {
  const id = setId(now)
  const taken = [id, draftName(id), `.${id}.by-hand`].some(name => existsSync(join(root, name)))
  return taken ? freeId(root, new Date(now.getTime() + 1000)) : id
}

/** All files are flushed to disk together, before the directory gets the name that makes the backup complete. */
async function writeDescription(path: string, manifest: Manifest, pin: boolean): Promise<void> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const sums = entriesOf(manifest).map(({file, sha256}) => `${sha256}  ${file}\n`)
  sums.push(`${createHash('sha256').update(text).digest('hex')}  ${MANIFEST}\n`)
  await Promise.all([
    writePrivate(join(path, MANIFEST), text),
    writePrivate(join(path, CHECKSUMS), sums.sort(byName).join('')),
    ...(pin ? [writePrivate(join(path, PINNED), '')] : []),
  ])
}

function byName(a: string, b: string): number {
  return a.slice(66) < b.slice(66) ? -1 : 1
}

async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, {mode: 0o600, flag: 'wx'})
  await flush(path)
}

/**
 * Returns the file name of the archive of a schema. Characters other than a-z, 0-9, _ and - are percent-encoded,
 * including capital letters, because some file systems do not distinguish User from user. backup.sh does the same.
 */
export function archiveName(schema: string, id: string, suffix: string): string {
  // The archive of the roles is named globals.
  if (schema === 'globals') return `%67lobals_${id}${suffix}`
  const bytes = [...Buffer.from(schema)]
  const stem = bytes.map(byte => {
    const char = String.fromCharCode(byte)
    return /[a-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  })
  return `${stem.join('')}_${id}${suffix}`
}
