import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createGunzip} from 'node:zlib'
import {AquastreamError} from '../../errors.js'
import {WholeOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'
import type {ArchiveFile} from './read.js'

/** So much comes out at once: each piece costs as much time, however small. */
const BLOCK = 1 << 18

/**
 * The SQL in the bytes of an archive; fails when their end is missing.
 * @param server unpacks what Node cannot: anything but gzip
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
  return packed.pipe(gunzip)
}

/** Exit status of a shell: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02 */
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
      `there is no ${encoding === 'custom' ? 'pg_restore' : encoding} beside ${server.name} to unpack the archive`,
      {
        hint: `install it there, or unpack the archive yourself and name it by --file`,
      },
    )
  }
}
