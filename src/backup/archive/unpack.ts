import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createGunzip} from 'node:zlib'
import {AquastreamError} from '../../errors.js'
import {WholeOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'
import type {ArchiveFile} from './read.js'

/** Bytes of a block: the time per block does not depend on its size. */
const BLOCK = 1 << 18

/**
 * Decompresses an archive to SQL. The stream fails if the compressed data ends too early.
 * @param server the server whose tools decompress everything but gzip
 * @throws tool-missing
 */
export function unpack(
  {encoding}: Pick<ArchiveFile, 'encoding'>,
  server: Server | undefined,
  bytes: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  if (encoding === 'plain') return bytes
  const packed = Readable.from(bytes, {objectMode: false})
  if (encoding !== 'gzip') return unpackOnServer(server!, encoding, packed)
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

async function* unpackOnServer(server: Server, encoding: string, bytes: Readable): AsyncGenerator<Buffer> {
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
    if (exitCode !== COMMAND_NOT_FOUND) throw error
    throw new AquastreamError(
      'tool-missing',
      `${encoding === 'custom' ? 'pg_restore' : encoding}, which is needed to unpack the archive, was not found among the client tools of ${server.name}`,
      {
        hint: 'install it there, or unpack the archive and restore the result with --file',
      },
    )
  } finally {
    program.kill()
  }
}
