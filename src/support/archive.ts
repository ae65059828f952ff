import {createWriteStream} from 'node:fs'
import {access, constants, link, lstat, rename, rm} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {Header, Pack, ReadEntry} from 'tar'
import {AquastreamError} from '../errors.js'
import {flush} from '../system/files/disk.js'
import {errnoOf, isDiskFull, knownReason} from '../system/files/file-errors.js'

/** A file of an archive, whole in memory. */
export interface ArchiveFile {
  path: string
  content: Buffer
}

const SUFFIX = /\.(?:tar\.gz|tgz)$/

/**
 * Makes sure that a new archive can be written there, before anything else is done.
 * @throws usage, refused, file-unwritable
 */
export async function requireNewArchive(path: string): Promise<void> {
  if (!SUFFIX.test(path)) {
    throw new AquastreamError('usage', `${path} ends in neither .tar.gz nor .tgz`, {
      hint: 'name the archive that is to be written: --bundle report.tar.gz',
    })
  }
  const found = await lstat(path).catch(() => undefined)
  if (found) throw exists(path, found.isDirectory() ? 'a directory' : 'there already')
  try {
    // With a dot at its end, a path that is a file is an error.
    await access(`${dirname(path)}/.`, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

/**
 * Writes a private archive with everything in one directory, which is called like the archive. It is there whole or
 * not at all.
 * @throws refused, file-unwritable, disk-full
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

/** Without names and numbers of users: whoever unpacks it owns it. */
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

/** A link is never made over what somebody else has put there meanwhile; not every disk has links. */
async function putInPlace(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path)
  } catch (error) {
    if (!NO_LINKS.includes(errnoOf(error) ?? '')) throw error
    await rename(draft, path)
  }
}

const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS']

function exists(path: string, what: string): AquastreamError {
  return new AquastreamError('refused', `${path} is ${what}, and nothing is written over it`, {
    hint: 'name a file that is not there yet',
  })
}

function cannotWrite(path: string, error: unknown): unknown {
  if (errnoOf(error) === 'EEXIST') return exists(path, 'there already')
  if (isDiskFull(error)) {
    return new AquastreamError('disk-full', `no room is left for ${path}`, {
      hint: 'make room there, or write it elsewhere',
      cause: error,
    })
  }
  const why = knownReason(error)
  if (!why) return error
  return new AquastreamError('file-unwritable', `${path} cannot be written: ${why}`, {
    hint: `name a file in a directory that you can write to: ls -ld ${dirname(path)}`,
    cause: error,
  })
}
