import {createHash} from 'node:crypto'
import {createReadStream} from 'node:fs'
import {open} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import type {Readable} from 'node:stream'
import {AquastreamError} from '../../errors.js'
import {cannotUse} from '../repository/directory.js'
import {findSet} from '../repository/find.js'
import type {Archive, Manifest} from '../repository/manifest.js'
import {type BackupSet, listSets, readSet, timeOf} from '../repository/sets.js'
import {errnoOf} from '../../system/files/file-errors.js'

/** How the bytes of an archive become SQL; the names are those of restore.sh. */
type Packing = 'gzip' | 'zstd' | 'custom' | 'plain'

/** One archive that is to be restored. */
export interface SourceArchive {
  schema: string
  path: string
  packing: Packing
  bytes: number
  /** What the file must be, while it is read too. */
  sha256: string
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
      packing: packingOf(known),
      bytes: known.bytes,
      sha256: known.sha256,
      known,
    })),
  }
}

function packingOf({format, compression}: Archive): Packing {
  if (format === 'custom') return 'custom'
  return compression === 'none' ? 'plain' : compression
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
  const {packing, bytes} = await look(path)
  const sha256 = await checksum(path)
  return {
    set: undefined,
    manifest: undefined,
    directory,
    passedOver: [],
    archives: [{schema, path, packing, bytes, sha256, known: undefined}],
  }
}

async function look(path: string): Promise<{packing: Packing; bytes: number}> {
  try {
    const handle = await open(path, 'r')
    try {
      const stat = await handle.stat()
      if (!stat.isFile()) throw noFile(path, 'it is no file')
      const {buffer} = await handle.read(Buffer.alloc(5), 0, 5, 0)
      return {packing: packingFrom(buffer), bytes: stat.size}
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw noFile(path, 'there is none')
    throw error instanceof AquastreamError ? error : cannotUse(path, error)
  }
}

function noFile(path: string, why: string): AquastreamError {
  return new AquastreamError('no-such-backup', `${path} cannot be restored: ${why}`, {
    hint: 'name an archive, such as user_20261123T020000Z.sql.gz',
  })
}

/** By the first bytes: RFC 1952, RFC 8878, and PGDMP of pg_dump's custom format. */
function packingFrom(head: Buffer): Packing {
  if (head.readUInt16BE(0) === 0x1f8b) return 'gzip'
  if (head.readUInt32LE(0) === 0xfd2fb528) return 'zstd'
  return head.toString('latin1') === 'PGDMP' ? 'custom' : 'plain'
}

async function checksum(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, {highWaterMark: 1 << 20})) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/**
 * Reads the whole file once and compares it with its checksum.
 * @throws archive-damaged
 */
export async function checkArchive({
  path,
  sha256,
  bytes,
}: Pick<SourceArchive, 'path' | 'sha256' | 'bytes'>): Promise<void> {
  const found = await checksum(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (found !== sha256)
    throw damaged(path, `its checksum differs from that of the ${bytes} bytes that were backed up`)
}

/** A file of a set that was there a moment ago, or is another kind of thing now, is a damage. */
export function unreadable(path: string, error: unknown): unknown {
  const code = errnoOf(error)
  if (code === 'ENOENT') return damaged(path, 'it is gone')
  return code === 'EISDIR' ? damaged(path, 'it is a directory') : cannotUse(path, error)
}

export function damaged(path: string, why: string): AquastreamError {
  return new AquastreamError('archive-damaged', `${path} is damaged: ${why}`, {
    hint: 'nothing was changed; choose another backup: aquastream db:list',
  })
}

/**
 * The bytes of an archive, the last of which come only when all are what they must be: whoever unpacks them
 * meets an end that is too early otherwise.
 */
export async function* readProven({path, sha256}: SourceArchive): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  const stream: Readable = createReadStream(path, {highWaterMark: 1 << 18})
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (held) yield held
      hash.update(chunk)
      held = chunk
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  if (!held || hash.digest('hex') !== sha256) throw damaged(path, 'its checksum is not that of the backup')
  yield held
}
