import {readOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'
import {type ArchiveForm, compressionArgument, mayUseCompressor} from '../archive/format.js'

/**
 * Returns the program beside the client tools that is to compress the archives, such as `igzip 2.30.0`; undefined if
 * pg_dump does that.
 * @throws database-unreachable
 */
export async function findCompressor(server: Server, form: ArchiveForm): Promise<string | undefined> {
  if (!mayUseCompressor(form)) return undefined
  const name = (await readOutput(server.run('backup', ['compressor']))).trim()
  return name === '' ? undefined : name
}

/** Returns the argument COMPRESSION of `dump` in backup.sh. */
export function packingArgument(form: ArchiveForm, compressor: string | undefined): string {
  return compressor === undefined ? compressionArgument(form) : 'igzip'
}
