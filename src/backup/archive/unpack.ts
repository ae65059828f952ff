import {open} from 'node:fs/promises'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createGunzip} from 'node:zlib'
import {AquastreamError} from '../../errors.js'
import {WholeOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'
import {readTools} from '../../postgres/versions.js'
import {shellQuote} from '../../system/text/shell-quote.js'
import type {ArchiveFile} from './read.js'
import {withoutMark} from './start.js'

/** Bytes of a block: the time per block does not depend on its size. */
const BLOCK = 1 << 18

/**
 * Decompresses an archive to SQL. The stream fails if the compressed data ends too early.
 * @param server the server whose tools decompress everything but gzip
 * @throws archive-damaged: the archive is empty; usage: it has another format; tool-missing, tool-too-old
 */
export function unpack(
  archive: Pick<ArchiveFile, 'path' | 'encoding'>,
  server: Server | undefined,
  bytes: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  return withoutMark(archive, decompress(archive, server, bytes))
}

function decompress(
  archive: Pick<ArchiveFile, 'path' | 'encoding'>,
  server: Server | undefined,
  bytes: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  const {encoding} = archive
  if (encoding === 'plain') return bytes
  const packed = Readable.from(bytes, {objectMode: false})
  if (encoding !== 'gzip') return unpackOnServer(server!, archive, packed)
  const gunzip = createGunzip({chunkSize: BLOCK})
  packed.on('error', error => gunzip.destroy(error))
  gunzip.on('close', () => packed.destroy())
  return packed.pipe(gunzip)
}

/**
 * The exit status of a shell that did not find a command.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02
 */
const COMMAND_NOT_FOUND = 127

async function* unpackOnServer(
  server: Server,
  {path, encoding}: Pick<ArchiveFile, 'path' | 'encoding'>,
  bytes: Readable,
): AsyncGenerator<Buffer> {
  const program = server.run('restore', ['unpack', encoding])
  const whole = new WholeOutput()
  const fail = (error: Error): void => {
    program.kill()
    whole.destroy(error)
  }
  pipeline(bytes, program.stdin).catch(fail)
  program.stdout.on('error', fail)
  try {
    yield* program.stdout.pipe(whole) as AsyncIterable<Buffer>
  } catch (error) {
    const {exitCode} = await program.ended
    if (encoding === 'custom' && exitCode !== COMMAND_NOT_FOUND) await refuseNewer(path, server)
    if (exitCode !== COMMAND_NOT_FOUND) throw error
    throw new AquastreamError(
      'tool-missing',
      `${encoding === 'custom' ? 'pg_restore' : encoding}, which is needed to read the archive, was not found among the client tools of ${server.name}`,
      {
        hint: 'install it there, or convert the archive to SQL and restore the result with --file',
      },
    )
  } finally {
    program.kill()
  }
}

/**
 * The first major version of pg_restore that reads a version 1.N of the custom format: K_VERS_MAX in
 * src/bin/pg_dump/pg_backup_archiver.h. Older formats can be read by every supported version.
 */
const READERS: Record<number, number> = {15: 16, 16: 17}
const NEXT_FORMAT = 17
const NEXT_MAJOR = 19

/**
 * Checks whether pg_restore failed because the archive was made by a newer pg_dump.
 * @throws tool-too-old
 */
async function refuseNewer(path: string, server: Server): Promise<void> {
  const format = await formatVersion(path)
  const needed = format >= NEXT_FORMAT ? NEXT_MAJOR : (READERS[format] ?? 0)
  const {pgDump: version} = await readTools(server)
  if (Number.parseInt(version, 10) >= needed) return
  throw new AquastreamError(
    'tool-too-old',
    `${path} was made by pg_dump ${needed} or newer, but pg_restore of ${server.name} is version ${version}`,
    {
      hint: `use client tools of version ${needed} or newer, or convert the archive with them: pg_restore --file dump.sql ${shellQuote(path)}`,
    },
  )
}

/** Returns N of the version 1.N of the custom format, which follows the mark PGDMP and the 1. */
async function formatVersion(path: string): Promise<number> {
  const file = await open(path, 'r')
  try {
    const {buffer} = await file.read(Buffer.alloc(1), 0, 1, 6)
    return buffer[0]!
  } finally {
    await file.close()
  }
}
