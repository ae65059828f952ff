import {readFile} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import {AquastreamError} from '../../errors.js'
import {PLATFORM} from '../../stack/schemas.js'
import {encodingOf} from '../archive/format.js'
import {type ArchiveFile, identify, unreadable} from '../archive/read.js'
import {type BackupSet, isFuture, timeOf} from '../repository/backup-set.js'
import {chooseFor, findSet, listUsable} from '../repository/find.js'
import {type Archive, type Manifest, MANIFEST} from '../repository/manifest.js'
import {listSets, readSet} from '../repository/sets.js'
import {quoteTyped} from '../../system/text/typed.js'

/** One archive to restore. */
export interface SourceArchive extends ArchiveFile {
  schema: string
  /** Its entry in the manifest; undefined for a file without a manifest. */
  known: Archive | undefined
}

/** The archives that a restore reads, and the backup that they belong to. */
export interface RestoreSource {
  /** Undefined for a file that belongs to no backup. */
  set: {id: string; takenAt: string; label: string | undefined} | undefined
  manifest: Manifest | undefined
  /** Directory of the backup, or of the file. */
  directory: string
  archives: SourceArchive[]
  choice: Choice
}

/** What a person has to know about a backup that was not selected by ID or path. */
export interface Choice {
  /** Newer backups that were skipped because they are not complete, or dated in the future. */
  skipped: BackupSet[]
  /** The newest backup, if it was skipped because it lacks schemas that the chosen one has. */
  narrower: BackupSet | undefined
  /** The schemas of the platform that the backup lacks, and the newest backup that has each of them. */
  missing: {schema: string; newest: string | undefined}[]
}

const NO_CHOICE: Choice = {skipped: [], narrower: undefined, missing: []}

/** Selects the archives to restore. */
export interface SourceRequest {
  /** The schema to restore; if undefined, all schemas of the backup. */
  schema: string | undefined
  /** An ID, the beginning of an ID, or `latest`. */
  from: string
  /** Selects the newest backup taken at or before this time: ISO 8601, in UTC unless it names a zone, or an ID. */
  at: string | undefined
  /** Path of an archive, which takes precedence over `from` and `at`. */
  file: string | undefined
}

/**
 * Finds the archives that a request selects.
 * @throws no-such-backup, no-such-schema, archive-damaged, usage, backup-directory
 */
export async function findSource(request: SourceRequest, root: string): Promise<RestoreSource> {
  if (request.file !== undefined) return findFile(resolve(request.file), request.schema!)
  const {schema, at, from} = request
  const sets = await listSets(root)
  if (at === undefined && from !== 'latest') return fromSet(findSet(sets, from, root), schema)
  // An ID selects that backup regardless of its schemas; `latest` and a time select one that contains the schema, or all.
  const useful = sets.filter(({schemas}) => schema === undefined || schemas.includes(schema))
  if (sets.length > 0 && useful.length === 0) throw noBackupOf(schema!, sets, root)
  const time = at === undefined ? Infinity : toTime(at)
  const eligible = useful.filter(({takenAt}) => takenAt.getTime() <= time)
  const where = at === undefined ? root : `${root} at or before ${new Date(time).toISOString()}`
  const newest = findSet(eligible, 'latest', where)
  const usable = listUsable(eligible)
  const found = chooseFor(schema, usable)!
  const newer = eligible.slice(0, eligible.indexOf(found))
  const skipped = newer.filter(
    set => (set.state !== 'complete' || isFuture(set, new Date())) && set.manifest?.kind !== 'safety',
  )
  const narrower = newest === found ? undefined : newest
  const missing = schema === undefined ? findMissing(found, usable) : []
  return {...fromSet(found, schema), choice: {skipped, narrower, missing}}
}

function findMissing({schemas}: BackupSet, usable: BackupSet[]): Choice['missing'] {
  return PLATFORM.filter(schema => !schemas.includes(schema)).map(schema => ({
    schema,
    newest: usable.find(set => set.schemas.includes(schema))?.id,
  }))
}

function noBackupOf(schema: string, sets: BackupSet[], root: string): AquastreamError {
  const available = [...new Set(sets.flatMap(({schemas}) => schemas))].sort()
  return new AquastreamError('no-such-schema', `no backup in ${root} contains schema ${quoteTyped(schema)}`, {
    hint: `schemas with backups: ${available.join(', ')}; list the backups: aquastream db:list`,
  })
}

/**
 * Parses a time, in milliseconds since 1970. The ID of a backup is a time too. A time without a zone is UTC.
 * @throws usage
 */
export function toTime(text: string): number {
  const [, day, clock = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text) ?? []
  const time = timeOf(text)?.getTime() ?? Date.parse(`${day}T${clock}${zone}`)
  if (!Number.isNaN(time)) return time
  throw new AquastreamError('usage', `--at ${quoteTyped(text)} is not a valid time`, {
    hint: 'use a time such as 2026-11-23T02:00:00Z, or a date such as 2026-11-23, which means 00:00 UTC',
  })
}

/**
 * Returns the archives of a complete backup: all, or the one of a schema.
 * @throws archive-damaged: the backup is not complete; no-such-schema
 */
export function fromSet(set: BackupSet, schema: string | undefined): RestoreSource {
  const {manifest} = set
  if (set.state !== 'complete' || !manifest) {
    throw new AquastreamError(
      'archive-damaged',
      `backup ${set.id} is ${set.state}: ${set.reason ?? 'unknown'}`,
      {
        hint: 'choose another backup: aquastream db:list',
      },
    )
  }
  const archives = manifest.archives.filter(archive => schema === undefined || archive.schema === schema)
  if (archives.length === 0) {
    throw new AquastreamError(
      'no-such-schema',
      `backup ${set.id} does not contain schema ${quoteTyped(String(schema))}`,
      {
        hint: `it contains ${manifest.archives.map(archive => archive.schema).join(', ')}; list other backups: aquastream db:list`,
      },
    )
  }
  return {
    set: {id: set.id, takenAt: set.takenAt.toISOString(), label: manifest.label},
    manifest,
    directory: set.path,
    choice: NO_CHOICE,
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

/** Finds the backup of a file by its directory, wherever the directory was copied to. */
async function findFile(path: string, schema: string): Promise<RestoreSource> {
  const directory = dirname(path)
  const set = readSet(dirname(directory), basename(directory))
  const known = set?.manifest?.archives.find(({file}) => file === basename(path))
  if (set && known) {
    // Other archives of the backup may be damaged, but this one is verified by itself.
    if (known.schema === schema) return fromSet({...set, state: 'complete'}, schema)
    throw new AquastreamError(
      'no-such-schema',
      `${path} contains schema ${JSON.stringify(known.schema)}, not ${quoteTyped(schema)}`,
      {hint: `select that schema with --schema, or the archive of ${schema} with --file`},
    )
  }
  return {
    set: undefined,
    manifest: undefined,
    directory,
    choice: NO_CHOICE,
    archives: [{...(await identify(path)), schema, known: undefined}],
  }
}

/**
 * Returns the text of the manifest, which restore.sh compares with the result; undefined for a file without one.
 * @throws archive-damaged, backup-directory
 */
export async function manifestText({set, directory}: RestoreSource): Promise<string | undefined> {
  if (!set) return undefined
  const path = join(directory, MANIFEST)
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
}
