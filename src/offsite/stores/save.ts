import {existsSync} from 'node:fs'
import {rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {storageError} from '../../backup/storage-error.js'
import type {Context} from '../../engines/engine.js'
import type {StackContext} from '../../engines/stack-context.js'
import {createDirectory} from '../../system/files/create-directory.js'
import {VOLUME} from '../restic/launcher.js'
import type {Repository} from '../restic/repository.js'
import {storeTagsOf} from '../restic/store-snapshots.js'
import {type BackupRequest, type Saved, takeSnapshot} from '../transfer/backup.js'
import {workplaceOf} from '../workplace.js'
import type {FoundStore} from './find.js'
import {dumpRedis} from './redis.js'
import {NEW_DATA, OLD_DATA} from './volume.js'

/** What to save, and where. */
export interface SaveStoreRequest {
  stack: StackContext
  repository: Repository
  found: FoundStore
  /** ID of the backup that it belongs to. */
  set: string
}

/**
 * Saves media or Redis as a snapshot; `on` receives the bytes read so far.
 * @throws not-healthy, offsite-failed, backup-directory, disk-full; the errors of a failed command
 */
export function saveStore(request: SaveStoreRequest, ctx: Context<number>): Promise<Saved> {
  return request.found.store === 'media' ? saveMedia(request, ctx) : saveRedis(request, ctx)
}

/** Unfinished uploads and deleted objects, which change all the time; and what a restore that was killed has left. */
const EXCLUDED = ['.minio.sys/tmp', NEW_DATA, OLD_DATA].flatMap(path => ['--exclude', `${VOLUME}/${path}`])

/** restic reports a file that changed while it was read as an error, so a snapshot without errors has complete objects. */
async function saveMedia(request: SaveStoreRequest, ctx: Context<number>): Promise<Saved> {
  const volume = {name: request.found.volume, readonly: true}
  return take(request, {args: () => [...EXCLUDED, '--', '.'], place: {volume}}, ctx)
}

/** The file in the snapshot of Redis. */
export const REDIS_FILE = 'dump.rdb'

/** Always at the same path, so that restic finds what the last snapshot has. */
async function saveRedis(request: SaveStoreRequest, ctx: Context<number>): Promise<Saved> {
  const path = join(workplaceOf(request.stack), 'redis', REDIS_FILE)
  const directory = dirname(path)
  try {
    await createDirectory(directory, 0o700).catch((error: unknown) => {
      throw storageError(directory, error)
    })
    await dumpRedis(request.found.engine, path, ctx.signal)
    return await take(request, {args: () => ['--', `./${REDIS_FILE}`], place: {directory}}, ctx)
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
}

async function take(
  {stack: {project, profile}, repository, found: {store}, set}: SaveStoreRequest,
  what: Pick<BackupRequest, 'args' | 'place'>,
  ctx: Context<number>,
): Promise<Saved> {
  const {directory} = what.place
  const saved = await takeSnapshot(
    {
      repository,
      name: store,
      project,
      tags: storeTagsOf({store, set, project, profile}),
      ...what,
      isComplete: () => Promise.resolve(true),
      isGone: () => directory !== undefined && !existsSync(directory),
    },
    ctx,
  )
  if (saved) return saved
  throw storageError(directory!, new Error(`${directory} was deleted`))
}
