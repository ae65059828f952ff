import {createWriteStream} from 'node:fs'
import {access, constants, link, lstat, rename, rm} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {Header, Pack, ReadEntry} from 'tar'
import {AquastreamError} from '../errors.js'
import {flush} from '../system/files/disk.js'
import {errnoOf, isDiskFull, knownReason} from '../system/files/file-errors.js'
import {shellQuote} from '../system/text/shell-quote.js'

/** A file of an archive, held in memory. */
export interface ArchiveFile {
  path: string
  content: Buffer
}

const SUFFIX = /\.(?:tar\.gz|tgz)$/

/**
 * Checks that a new archive can be written to a path, before anything else is done.
 * @throws usage, refused, file-unwritable
 */
export async function requireNewArchive(path: string): Promise<void> {
  if (!SUFFIX.test(path)) {
    throw new AquastreamError('usage', `${path} does not end with .tar.gz or .tgz`, {
      hint: 'specify the archive to write: --bundle report.tar.gz',
    })
  }
  const found = await lstat(path).catch(() => undefined)
  if (found) throw exists(path, found.isDirectory())
  try {
    // The final dot makes access fail if the path is a file.
    await access(`${dirname(path)}/.`, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

/**
 * Writes an archive with mode 0600 atomically. All files are in one directory with the name of the archive.
 * @throws refused, file-unwritable, disk-full; the abort reason
 */
export async function writeArchive(path: string, files: ArchiveFile[], signal: AbortSignal): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.partial`)
  try {
    await pipeline(pack(basename(path).replace(SUFFIX, ''), files), createDraft(draft), {signal})
    await flush(draft)
    await putInPlace(draft, path)
  } catch (error) {
    signal.throwIfAborted()
    throw cannotWrite(path, error)
  } finally {
    await rm(draft, {force: true})
  }
}

function createDraft(path: string): NodeJS.WritableStream {
  return createWriteStream(path, {flags: 'wx', mode: 0o600})
}

/** Entries have no owner, so that the user who unpacks the archive owns the files. */
function pack(directory: string, files: ArchiveFile[]): Pack {
  const packed = new Pack({gzip: true, portable: true})
  const mtime = new Date()
  for (const {path, content} of files) {
    const entry = new ReadEntry(
      new Header({path: `${directory}/${path}`, type: 'File', mode: 0o600, size: content.length, mtime}),
    )
    packed.add(entry)
    entry.end(content)
  }
  return packed.end()
}

/** link(2) never replaces a file created in the meantime; on a file system without links the draft is renamed. */
async function putInPlace(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path)
  } catch (error) {
    if (!NO_LINKS.includes(errnoOf(error) ?? '')) throw error
    await rename(draft, path)
  }
}

const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS']

function exists(path: string, isDirectory = false): AquastreamError {
  const what = isDirectory ? 'is a directory' : 'already exists and is not overwritten'
  return new AquastreamError('refused', `${path} ${what}`, {hint: 'specify a file that does not exist yet'})
}

function cannotWrite(path: string, error: unknown): unknown {
  if (errnoOf(error) === 'EEXIST') return exists(path)
  if (isDiskFull(error)) {
    return new AquastreamError('disk-full', `not enough disk space for ${path}`, {
      hint: 'free disk space there, or specify a file on another disk',
      cause: error,
    })
  }
  const why = knownReason(error)
  if (!why) return error
  const directory = shellQuote(dirname(path))
  const next =
    errnoOf(error) === 'ENOENT'
      ? `create its directory: mkdir -p ${directory}`
      : `check the permissions of this one: ls -ld ${directory}`
  return new AquastreamError('file-unwritable', `${path} cannot be written: ${why}`, {
    hint: `specify a file in a writable directory; ${next}`,
    cause: error,
  })
}
