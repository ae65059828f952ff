import {Readable} from 'node:stream'
import type {Server} from '../../postgres/server.js'
import {readVerified} from '../archive/read.js'
import {type DumpPart, splitDump} from '../archive/split-dump.js'
import {unpack} from '../archive/unpack.js'
import type {SourceArchive} from './source.js'

/** What is to be replayed, in one transaction. */
export interface ScriptRequest {
  archives: SourceArchive[]
  /** SQL that goes first. */
  before: string[]
  /**
   * Schemas of the database besides those that are restored, when foreign keys to others are to be left out; nothing
   * when all are made.
   */
  otherSchemas: string[] | undefined
}

/** The bytes that restore.sh replays. */
export interface Script {
  encoding: string
  bytes: Readable
  /** Foreign keys that were left out so far. */
  skippedForeignKeys: string[]
}

/**
 * One archive of its own goes as it is; several, or for another database, are taken apart and put in order.
 * @param onBytes gets the bytes of the archives that were read so far
 */
export function toScript(request: ScriptRequest, server: Server, onBytes: (bytes: number) => void): Script {
  const {archives, before, otherSchemas} = request
  let bytesRead = 0
  const read = async function* (archive: SourceArchive): AsyncGenerator<Buffer> {
    for await (const chunk of readVerified(archive)) {
      bytesRead += chunk.length
      onBytes(bytesRead)
      yield chunk
    }
  }
  const [first] = archives
  const skippedForeignKeys: string[] = []
  const isAlone = archives.length === 1 && before.length === 0 && otherSchemas === undefined
  if (first && isAlone && first.encoding !== 'plain') {
    return {encoding: first.encoding, bytes: toStream(read(first)), skippedForeignKeys}
  }
  const unpacked = (archive: SourceArchive): AsyncIterable<Buffer> => unpack(archive, server, read(archive))
  const sql = first && isAlone ? read(first) : combine(request, unpacked, skippedForeignKeys)
  return {encoding: 'plain', bytes: toStream(withEnd(sql)), skippedForeignKeys}
}

function toStream(bytes: AsyncIterable<Buffer>): Readable {
  return Readable.from(bytes, {objectMode: false})
}

/** Plain SQL does not show that its end is missing: restore.sh looks for this before it commits. */
async function* withEnd(sql: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* sql
  yield Buffer.from("\nSELECT pg_catalog.set_config('aquastream.whole', 'yes', true);\n")
}

/** Rows of all archives first, then what may need rows of another archive, then foreign keys. */
async function* combine(
  {archives, before, otherSchemas}: ScriptRequest,
  unpacked: (archive: SourceArchive) => AsyncIterable<Buffer>,
  skippedForeignKeys: string[],
): AsyncGenerator<Buffer> {
  const later = {afterwards: [] as Buffer[], 'foreign keys': [] as Buffer[]}
  const schemas = otherSchemas && [...otherSchemas, ...archives.map(({schema}) => schema)]
  const isSkipped = ({foreignKey}: DumpPart): boolean =>
    foreignKey !== undefined && schemas !== undefined && !schemas.includes(foreignKey.schema)
  for (const statement of before) yield Buffer.from(`${statement}\n`)
  for (const archive of archives) {
    // Of itself a dump does not say that everybody may use it; restore.sh does the same for public alone.
    const opens = archive.schema === 'public' && archives.length > 1 && archive.known?.closed !== true
    if (opens) yield Buffer.from('ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;\n')
    for await (const part of splitDump(unpacked(archive))) {
      if (part.section === 'rows') yield part.text
      else if (isSkipped(part)) skippedForeignKeys.push(part.foreignKey!.name)
      else later[part.section].push(part.text)
    }
    if (opens) yield Buffer.from('ALTER DEFAULT PRIVILEGES REVOKE USAGE ON SCHEMAS FROM PUBLIC;\n')
  }
  yield* later.afterwards
  yield* later['foreign keys']
}
