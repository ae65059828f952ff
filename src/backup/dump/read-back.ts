import {AquastreamError} from '../../errors.js'
import type {Server} from '../../postgres/server.js'
import {checkDump} from '../archive/check-dump.js'
import type {ArchiveFile} from '../archive/read.js'
import type {DumpedTable} from '../archive/tables.js'

/**
 * Reads an archive that was just written, as a restore will do: pg_dump can exit with status 0 although its output is
 * missing or truncated, for example when it is a wrapper or when a disk loses data.
 * @returns the tables of the archive, and the rows that it has for each; undefined if the program that reads its format is missing
 * @throws backup-failed: the archive is not a complete dump of the schema
 */
export async function readBack(
  archive: ArchiveFile & {schema: string},
  server: Server,
  signal: AbortSignal,
): Promise<DumpedTable[] | undefined> {
  try {
    return (await checkDump(archive, server, signal)).tables
  } catch (error) {
    if (!(error instanceof AquastreamError)) throw error
    if (error.code === 'tool-missing') return undefined
    if (error.code !== 'archive-damaged') throw error
    throw new AquastreamError(
      'backup-failed',
      `the dump of ${archive.schema} cannot be restored: ${error.message}`,
      {
        hint: 'check the pg_dump that is the first in PATH, then run the command again; earlier backups are unchanged',
        cause: error,
      },
    )
  }
}

/**
 * Compares the rows of an archive with those that the server counted in the same snapshot.
 * @throws backup-failed
 */
export function compareWithServer(schema: string, counted: DumpedTable[], dumped: DumpedTable[]): void {
  const rows = new Map(dumped.map(table => [table.name, table.rows]))
  const different = counted.find(table => table.rows !== (rows.get(table.name) ?? 0))
  if (different === undefined) return
  const {name} = different
  throw new AquastreamError(
    'backup-failed',
    `the dump of ${schema} contains ${rows.get(name) ?? 0} rows of table ${name}, but the snapshot has ${different.rows}`,
    {hint: 'run the command again; earlier backups are unchanged'},
  )
}
