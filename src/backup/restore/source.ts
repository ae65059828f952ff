import {readFile} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import {AquastreamError} from '../../errors.js'
import {encodingOf} from '../archive/format.js'
import {type ArchiveFile, identify, unreadable} from '../archive/read.js'
import {type BackupSet, timeOf} from '../repository/backup-set.js'
import {findSet} from '../repository/find.js'
import {type Archive, type Manifest, MANIFEST} from '../repository/manifest.js'
import {listSets, readSet} from '../repository/sets.js'

/** One archive that is to be restored. */
export interface SourceArchive extends ArchiveFile {
  schema: string
  /** What the manifest says; nothing for a file that has none. */
  known: Archive | undefined
}

/** Where a restore takes its archives from. */
export interface RestoreSource {
  /** Nothing for a file that belongs to no set. */
  set: {id: string; takenAt: string; label: string | undefined} | undefined
  manifest: Manifest | undefined
  /** Directory of the set, or of the file. */
  directory: string
  archives: SourceArchive[]
  /** Newer sets that would have been taken, were they good. */
  passedOver: BackupSet[]
}

export interface SourceRequest {
  /** The only one to restore; all of the set when absent. */
  schema: string | undefined
  /** An ID, the beginning of one, or `latest`. */
  from: string
  /** The newest backup that was taken before: ISO 8601, in UTC unless it says otherwise, or the ID of a set. */
  at: string | undefined
  /** An archive by its path. */
  file: string | undefined
}

/**
 * Finds the archives that somebody means.
 * @throws no-such-backup, no-such-schema, archive-damaged
 */
export async function findSource(request: SourceRequest, root: string): Promise<RestoreSource> {
  if (request.file !== undefined) return findFile(resolve(request.file), request.schema!)
  const {schema, at, from} = request
  const sets = await listSets(root)
  if (at === undefined && from !== 'latest') return fromSet(findSet(sets, from, root), schema)
  // An ID means that backup, whatever it holds; "the newest" means one that is of use.
  const useful = sets.filter(({schemas}) => schema === undefined || schemas.includes(schema))
  if (sets.length > 0 && useful.length === 0) throw noBackupOf(schema!, sets, root)
  const time = at === undefined ? Infinity : toTime(at)
  const eligible = useful.filter(({takenAt}) => takenAt.getTime() <= time)
  const where = at === undefined ? root : `${root} from before ${new Date(time).toISOString()}`
  const found = findSet(eligible, 'latest', where)
  const newer = eligible.slice(0, eligible.indexOf(found))
  const passedOver = newer.filter(({state, manifest}) => state !== 'complete' && manifest?.kind !== 'safety')
  return {...fromSet(found, schema), passedOver}
}

function noBackupOf(schema: string, sets: BackupSet[], root: string): AquastreamError {
  const held = [...new Set(sets.flatMap(({schemas}) => schemas))].sort()
  return new AquastreamError(
    'no-such-schema',
    `no backup in ${root} holds the schema ${JSON.stringify(schema)}`,
    {hint: `there are backups of ${held.join(', ')}: aquastream db:list`},
  )
}

/** The ID of a set is a time too; one that names no zone is UTC, as all times here. */
function toTime(text: string): number {
  const [, day, clock = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text) ?? []
  const time = timeOf(text)?.getTime() ?? Date.parse(`${day}T${clock}${zone}`)
  if (!Number.isNaN(time)) return time
  throw new AquastreamError('usage', `--at ${JSON.stringify(text)} is no time`, {
    hint: 'write it as 2026-11-23T02:00:00Z, or 2026-11-23 for its first moment in UTC',
  })
}

/** Archives of a complete set; all, or that of one schema. */
export function fromSet(set: BackupSet, schema: string | undefined): RestoreSource {
  const {manifest} = set
  if (set.state !== 'complete' || !manifest) {
    throw new AquastreamError(
      'archive-damaged',
      `backup ${set.id} is ${set.state}: ${set.reason ?? 'unknown'}`,
      {
        hint: 'choose another: aquastream db:list',
      },
    )
  }
  const archives = manifest.archives.filter(archive => schema === undefined || archive.schema === schema)
  if (archives.length === 0) {
    throw new AquastreamError(
      'no-such-schema',
      `backup ${set.id} does not hold the schema ${JSON.stringify(schema)}`,
      {
        hint: `it holds ${manifest.archives.map(archive => archive.schema).join(', ')}; see others with aquastream db:list`,
      },
    )
  }
  return {
    set: {id: set.id, takenAt: set.takenAt.toISOString(), label: manifest.label},
    manifest,
    directory: set.path,
    passedOver: [],
    archives: archives.map(known => ({
      schema: known.schema,
      path: join(set.path, known.file),
      encoding: encodingOf(known),
      bytes: known.bytes,
      sha256: known.sha256,
      known,
    })),
  }
}

/** A file of a set is known by the set, wherever that was copied to. */
async function findFile(path: string, schema: string): Promise<RestoreSource> {
  const directory = dirname(path)
  const set = await readSet(dirname(directory), basename(directory))
  const known = set?.manifest?.archives.find(({file}) => file === basename(path))
  if (set && known) {
    // The others of its set may be bad: this one is proven by itself.
    if (known.schema === schema) return fromSet({...set, state: 'complete'}, schema)
    throw new AquastreamError(
      'no-such-schema',
      `${path} does not hold the schema ${JSON.stringify(schema)}, but ${JSON.stringify(known.schema)}`,
      {hint: `name that with --schema, or the archive of ${schema}`},
    )
  }
  return {
    set: undefined,
    manifest: undefined,
    directory,
    passedOver: [],
    archives: [{...(await identify(path)), schema, known: undefined}],
  }
}

/** The text of a set's manifest, as the script compares it. */
export async function manifestText({set, directory}: RestoreSource): Promise<string | undefined> {
  if (!set) return undefined
  const path = join(directory, MANIFEST)
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
}
