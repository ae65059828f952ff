import {AquastreamError} from '../../errors.js'
import type {Server} from '../../postgres/server.js'
import {type ArchiveFile, damaged, readVerified} from './read.js'
import {readParts} from './split-dump.js'
import {unpack} from './unpack.js'

/** How to check a dump. */
export interface DumpCheck {
  /** The server whose tools decompress what Node cannot. */
  server: Server | undefined
  /**
   * The schema of an archive without a manifest. Such an archive must not contain another schema, a psql command,
   * or a command that ends the transaction, because these would escape the restore transaction.
   */
  onlySchema?: string
}

const BEGINNING = '-- PostgreSQL database dump'
const TRAILER = '-- PostgreSQL database dump complete'

/**
 * Checks an archive by reading it to its end: its checksum, its compression, and the comments with which pg_dump
 * starts and ends a dump.
 * @throws archive-damaged, tool-missing
 */
export async function checkDump(archive: ArchiveFile, {server, onlySchema}: DumpCheck): Promise<void> {
  const seen = {beginning: false, trailer: false}
  const checkLine = onlySchema === undefined ? undefined : lineCheck(archive.path, onlySchema)
  try {
    for await (const part of readParts(unpack(archive, server, readVerified(archive)))) {
      if ('rows' in part || part.quoted) continue
      const line = part.line.toString('utf8')
      if (line === BEGINNING) seen.beginning = true
      if (line === TRAILER) seen.trailer = true
      else if (line.startsWith('-- Name: ')) seen.trailer = false
      checkLine?.(line)
    }
  } catch (error) {
    if (error instanceof AquastreamError) throw error
    throw damaged(archive.path, `it cannot be unpacked completely (${(error as Error).message})`)
  }
  if (!seen.beginning) throw damaged(archive.path, 'it was not written by pg_dump')
  if (!seen.trailer) throw damaged(archive.path, 'it is truncated')
}

/** Returns a check of one line, which rejects what would act outside of the schema or the transaction. */
function lineCheck(path: string, schema: string): (line: string) => void {
  // The body of a function in standard SQL is not quoted, and ends with END.
  let atomic = false
  return line => {
    if (/\bBEGIN ATOMIC$/.test(line)) atomic = true
    else if (atomic && /^\s*END;?$/.test(line)) atomic = false
    else if (!atomic && /^\s*(?:BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK|ABORT|PREPARE)\b/i.test(line))
      throw damaged(path, `it contains the command ${line.trim()}, which would end the restore transaction`)
    if (/^\\(?!(?:un)?restrict )/.test(line))
      throw damaged(
        path,
        `it contains the psql command ${line.split(' ')[0]}, which is not allowed in a dump of one schema`,
      )
    const [, other] = /^-- (?:Data for )?Name: .*; Schema: (.*); Owner: /.exec(line) ?? []
    if (other !== undefined && other !== '-' && other !== schema.replaceAll('\n', ' '))
      throw damaged(
        path,
        `it also contains the schema ${other}; dump a single schema with pg_dump -n '"${schema}"'`,
      )
  }
}
