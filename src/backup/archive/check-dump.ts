import {AquastreamError} from '../../errors.js'
import type {Server} from '../../postgres/server.js'
import {type ArchiveFile, damaged, readVerified} from './read.js'
import {type Part, scanDump} from './scan.js'
import {type DumpPart, splitDump} from './split-dump.js'
import type {DumpedTable} from './tables.js'
import {unpack} from './unpack.js'

/** What an archive contains. */
export interface CheckedDump {
  tables: DumpedTable[]
  /** Only a reader of the whole archive finds them, because they come after the rows. */
  lateDefinitions: DumpPart[]
}

/**
 * Checks an archive by reading it to its end: its checksum, its compression, and that it is a complete dump of one
 * schema and nothing else. An archive with a manifest is checked like one without, because anyone who can
 * change an archive can also change its checksums.
 * @param server the server whose tools decompress what Node cannot
 * @throws archive-damaged, tool-missing
 */
export async function checkDump(
  archive: ArchiveFile & {schema: string},
  server: Server | undefined,
  signal: AbortSignal,
): Promise<CheckedDump> {
  const found: CheckedDump = {tables: [], lateDefinitions: []}
  const scan = scanDump(unpack(archive, server, readVerified(archive)), archive)
  const parts = async function* (): AsyncGenerator<Part> {
    found.tables = yield* scan
  }
  try {
    for await (const part of splitDump(parts())) {
      signal.throwIfAborted()
      if (part.section === 'late definitions') found.lateDefinitions.push(part)
    }
    return found
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AquastreamError) throw error
    throw damaged(archive.path, `it cannot be decompressed completely (${(error as Error).message})`)
  }
}
