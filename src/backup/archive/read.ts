import {createHash} from 'node:crypto'
import {constants, createReadStream, existsSync} from 'node:fs'
import {open} from 'node:fs/promises'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {AquastreamError} from '../../errors.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {shellQuote} from '../../system/text/shell-quote.js'
import {storageError} from '../storage-error.js'
import type {Encoding} from './format.js'

/** An archive on the disk, and its expected size and checksum. */
export interface ArchiveFile {
  path: string
  encoding: Encoding
  bytes: number
  sha256: string
}

/**
 * Determines the encoding, size and checksum of a file without a manifest.
 * @throws no-such-backup, backup-directory
 */
export async function identify(path: string): Promise<ArchiveFile> {
  return {path, ...(await readHeader(path)), sha256: await checksum(path)}
}

async function readHeader(path: string): Promise<{encoding: Encoding; bytes: number}> {
  try {
    // Without O_NONBLOCK, a pipe would be waited for.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await handle.stat()
      if (stat.isDirectory() && existsSync(join(path, 'toc.dat'))) throw directoryFormat(path)
      if (!stat.isFile()) throw notRestorable(path, 'it is not a file')
      const {buffer} = await handle.read(Buffer.alloc(5), 0, 5, 0)
      return {encoding: encodingFrom(buffer), bytes: stat.size}
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw notRestorable(path, 'it does not exist')
    throw error instanceof AquastreamError ? error : storageError(path, error)
  }
}

function notRestorable(path: string, why: string): AquastreamError {
  return new AquastreamError('no-such-backup', `${path} cannot be restored: ${why}`, {
    hint: 'specify an archive, for example user_20261123T020000Z.sql.gz',
  })
}

function directoryFormat(path: string): AquastreamError {
  return new AquastreamError('usage', `${path} is not an SQL dump: its format is directory`, {
    hint: `convert it, then restore the result with --file: pg_restore --file dump.sql ${shellQuote(path)}`,
  })
}

/**
 * Detects the encoding by the first bytes: gzip (RFC 1952), zstd (RFC 8878), or PGDMP for pg_dump's custom format.
 */
function encodingFrom(head: Buffer): Encoding {
  if (head.readUInt16BE(0) === 0x1f8b) return 'gzip'
  if (head.readUInt32LE(0) === 0xfd2fb528) return 'zstd'
  return head.toString('latin1') === 'PGDMP' ? 'custom' : 'plain'
}

async function checksum(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, {highWaterMark: 1 << 20})) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/**
 * Verifies the checksum of a file.
 * @throws archive-damaged, backup-directory
 */
export async function checkArchive({path, sha256}: Omit<ArchiveFile, 'encoding'>): Promise<void> {
  const found = await checksum(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (found !== sha256) throw damaged(path, 'its checksum does not match the checksum in the manifest')
}

/**
 * Returns the name of a file of a directory whose checksum does not match; undefined if all do.
 * @throws backup-directory; the reason of the signal
 */
export async function findDamagedFile(
  directory: string,
  files: {file: string; bytes: number; sha256: string}[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const {file, ...expected} of files) {
    signal.throwIfAborted()
    try {
      await checkArchive({path: join(directory, file), ...expected})
    } catch (error) {
      if (error instanceof AquastreamError && error.code === 'archive-damaged') return file
      throw error
    }
  }
  return undefined
}

/** Converts an error of reading a file of a backup. A missing file, or a directory in its place, is damage. */
export function unreadable(path: string, error: unknown): unknown {
  const code = errnoOf(error)
  if (code === 'ENOENT') return damaged(path, 'it is missing')
  return code === 'EISDIR' ? damaged(path, 'it is a directory') : storageError(path, error)
}

/** Creates the error `archive-damaged`. */
export function damaged(path: string, why: string): AquastreamError {
  return new AquastreamError('archive-damaged', `${path} is damaged: ${why}`, {
    hint: 'nothing was changed; choose another backup: aquastream db:list',
  })
}

/**
 * Streams an archive and withholds the last chunk until the checksum matches, so that a bad file always looks
 * truncated.
 * @throws archive-damaged, backup-directory
 */
export async function* readVerified({path, sha256}: ArchiveFile): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  const stream: Readable = createReadStream(path, {highWaterMark: 1 << 18})
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (held) yield held
      hash.update(chunk)
      held = chunk
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  if (hash.digest('hex') !== sha256) throw damaged(path, 'its checksum does not match the backup')
  if (held) yield held
}
