import type {Context} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {checkVersions} from '../../postgres/versions.js'
import {mayUseCompressor, requireCompression} from '../archive/format.js'
import {type Manifest, rowsIn} from '../repository/manifest.js'
import {withNewSet} from '../repository/publish.js'
import {listIds, readSet} from '../repository/sets.js'
import {SchemaChangedError} from './changes.js'
import {type BackupEvent, dump, type DumpRequest, type DumpSource} from './dump.js'
import {withSnapshot} from './snapshot.js'

/** One backup that was written. `seconds` is the elapsed time, to 0.1 s. */
export interface WrittenSet {
  id: string
  path: string
  server: string
  schemas: {schema: string; rows: number; bytes: number}[]
  bytes: number
  seconds: number
}

/** What to back up, and where to store it. */
export interface SetRequest extends DumpRequest {
  /** Path of the repository. */
  root: string
  /** Rotation never deletes a pinned backup. */
  pin: boolean
}

/** Attempts when the schemas change during the dump. */
const ATTEMPTS = 3

/**
 * Writes one complete backup. The caller must hold the lock of the repository and the advisory lock of the
 * database.
 * @throws backup-failed, tool-too-old, tool-too-new, backup-directory, disk-full, database-unreachable; SqlError
 */
export async function writeSet(
  request: SetRequest,
  source: DumpSource,
  ctx: Context<BackupEvent>,
): Promise<WrittenSet> {
  const began = performance.now()
  const tools = await source.tools
  await checkVersions(source, tools)
  const {pgDump} = tools
  const compressor = mayUseCompressor(request) ? tools.compressor : undefined
  requireCompression(request, pgDump)
  const last = await lastSizes(request.root)
  ctx.on({type: 'schemas', schemas: request.chosen.map(({name}) => name)})
  for (let attempt = 1; ; attempt++) {
    try {
      const {path, manifest} = await withNewSet(request, draft =>
        withSnapshot(source.session, snapshot =>
          dump({request, source, snapshot, draft, pgDump, compressor, last}, ctx),
        ),
      )
      return toReport(manifest, {path, server: source.server.name, ms: performance.now() - began})
    } catch (error) {
      if (!(error instanceof SchemaChangedError)) throw error
      if (attempt === ATTEMPTS) throw keepsChanging(error)
      await source.session.query('ROLLBACK')
      ctx.on({type: 'notice', text: `${error.what} during the dump; retrying`})
    }
  }
}

/** Reads the bytes of each schema in the newest complete backup. Older backups are not inspected. */
async function lastSizes(root: string): Promise<Map<string, number>> {
  for (const id of await listIds(root)) {
    const set = readSet(root, id)
    if (set?.state === 'complete')
      return new Map(set.manifest?.archives.map(({schema, bytes}) => [schema, bytes]))
  }
  return new Map()
}

function keepsChanging({what}: SchemaChangedError): AquastreamError {
  return new AquastreamError('backup-failed', `${what} during each of ${ATTEMPTS} attempts`, {
    hint: 'run the backup when the job that changes the table has finished',
  })
}

function toReport(
  {id, archives}: Manifest,
  {path, server, ms}: {path: string; server: string; ms: number},
): WrittenSet {
  const schemas = archives.map(archive => ({
    schema: archive.schema,
    rows: rowsIn([archive]),
    bytes: archive.bytes,
  }))
  return {
    id,
    path,
    server,
    schemas,
    bytes: schemas.reduce((sum, {bytes}) => sum + bytes, 0),
    seconds: Math.round(ms / 100) / 10,
  }
}
