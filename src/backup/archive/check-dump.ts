import {AquastreamError} from '../../errors.js'
import type {Server} from '../../postgres/server.js'
import {type ArchiveFile, damaged, readVerified} from './read.js'
import {scanDump} from './scan.js'
import type {DumpedTable} from './tables.js'
import {unpack} from './unpack.js'

/**
 * Checks an archive by reading it to its end: its checksum, its compression, and that it is a complete dump of one
 * schema and nothing else. An archive with a manifest is checked like one without, because anyone who can
 * change an archive can also change its checksums.
 * @param server the server whose tools decompress what Node cannot
 * @returns the tables of the dump
 * @throws archive-damaged, tool-missing
 */
export async function checkDump(
  archive: ArchiveFile & {schema: string},
  server: Server | undefined,
  signal: AbortSignal,
): Promise<DumpedTable[]> {
  const scan = scanDump(unpack(archive, server, readVerified(archive)), archive)
  try {
    for (;;) {
      const {done, value} = await scan.next()
      signal.throwIfAborted()
      if (done) return value
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AquastreamError) throw error
    throw damaged(archive.path, `it cannot be decompressed completely (${(error as Error).message})`)
  } finally {
    // Stops the program that reads the archive, if it was not read to its end.
    await scan.return([]).catch(() => undefined)
  }
}
