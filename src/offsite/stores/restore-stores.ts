import {mkdtemp, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {storageError} from '../../backup/storage-error.js'
import type {Context} from '../../engines/engine.js'
import type {StackContext} from '../../engines/stack-context.js'
import {endLeftTools} from '../../engines/tool.js'
import {AquastreamError, isBusy} from '../../errors.js'
import {finishFirst} from '../../system/async/finish-first.js'
import {repeatWhile} from '../../system/async/repeat-while.js'
import {VOLUME} from '../restic/launcher.js'
import type {Repository} from '../restic/repository.js'
import type {Store, StoreSnapshot} from '../restic/store-snapshots.js'
import {listFiles, restoreSnapshot, sizeOfTree} from '../transfer/restore-snapshot.js'
import {makeWorkplace, workplaceOf} from '../workplace.js'
import {checkMedia} from './check-media.js'
import type {CheckedObjects} from './objects.js'
import {REDIS_FILE} from './save.js'
import {startService} from './start.js'
import type {StoppedStore} from './stopped.js'
import {changeVolume, NEW_DATA, readVolume} from './volume.js'

/** Reports the progress of a restore of media or Redis. */
export interface RestoreEvent {
  type: 'restore'
  store: Store
  state: 'copying' | 'checking' | 'starting' | 'done'
  bytes: number
}

/** What was restored: with all objects that were read and compared, or the keys that do not expire. */
export type RestoredStore = {
  set: string
  /** When the copy was made. */
  savedAt: string
} & (({store: 'media'} & CheckedObjects) | {store: 'redis'; keys: number})

/** What to restore, and from where. */
export interface RestoreStoreRequest {
  stack: StackContext
  repository: Repository
  stopped: StoppedStore
  snapshot: StoreSnapshot
}

/** Milliseconds within which what was copied must be deleted. */
const UNDO_MS = 60_000

/**
 * Replaces the data of a store by that of a snapshot and starts its service. The new data is checked beside the current
 * data, which is put back if the service does not start with the new data.
 * @throws archive-damaged, restore-failed, not-healthy, disk-full; the errors of a failed command
 */
export async function restoreStore(
  request: RestoreStoreRequest,
  {on, signal}: Context<RestoreEvent>,
): Promise<RestoredStore> {
  const {store, engine, service} = request.stopped
  const report = (state: RestoreEvent['state'], bytes = 0): void => on({type: 'restore', store, state, bytes})
  report('copying')
  await endLeftTools(signal)
  // On Swarm, the container of a service that counts as stopped can still be ending.
  await engine.stopServices([service], signal)
  await changeVolume(request.stopped, {command: 'prepare'}, signal)
  const makeNew = store === 'media' ? makeMedia : makeRedis
  const restored = await finishFirst(() =>
    makeNew(request, {on: report, signal}).catch(async (error: unknown) => {
      // What was copied must not fill the disk of the present data, also after an interrupt.
      const limit = AbortSignal.timeout(UNDO_MS)
      await changeVolume(request.stopped, {command: 'undo'}, limit).catch(() => undefined)
      throw error
    }),
  )
  try {
    // Somebody can have started it during a long copy.
    await engine.stopServices([service], signal)
    await changeVolume(request.stopped, {command: 'exchange'}, signal)
    report('starting')
    // An exchange must not end half-way because another command changes the Swarm.
    await repeatWhile(isBusy, () => startService(engine, service, signal), signal)
  } catch (error) {
    signal.throwIfAborted()
    await repeatWhile(isBusy, () => engine.stopServices([service], signal), signal)
    await changeVolume(request.stopped, {command: 'undo'}, signal)
    throw error
  }
  // From here on, a failure does not bring the old data back: a part of it can have been deleted.
  await changeVolume(request.stopped, {command: 'finish'}, signal)
  report('done')
  return restored
}

/** How the new data is made and checked, beside the current data. */
interface MakeContext {
  on: (state: 'copying' | 'checking', bytes: number) => void
  signal: AbortSignal
}

async function makeMedia(
  {repository, stopped, snapshot: {snapshot, set, savedAt}}: RestoreStoreRequest,
  {on, signal}: MakeContext,
): Promise<RestoredStore> {
  const observe = async (until: AbortSignal): Promise<string> => {
    const {exitCode, stdout, stderr} = await readVolume(stopped, 'changes', until)
    if (exitCode === 0) return stdout
    throw new Error(stderr)
  }
  const volume = {name: stopped.volume, readonly: false, observe}
  await sizeOfTree({repository, snapshot}, signal)
  const copied = (bytes: number): void => on('copying', bytes)
  await restoreSnapshot({repository, snapshot, target: `${VOLUME}/${NEW_DATA}`, volume}, {on: copied, signal})
  on('checking', 0)
  const checked = await checkMedia(stopped, {on: ({bytes}) => on('checking', bytes), signal})
  return {store: 'media', set, savedAt: new Date(savedAt).toISOString(), ...checked}
}

async function makeRedis(
  {stack, repository, stopped, snapshot: {snapshot, set, savedAt}}: RestoreStoreRequest,
  {on, signal}: MakeContext,
): Promise<RestoredStore> {
  const files = await listFiles({repository, snapshot}, signal)
  if (files.length !== 1 || files[0]!.name !== REDIS_FILE) {
    throw new AquastreamError('archive-damaged', `the copy of redis in ${repository.name} is damaged`, {
      hint: 'nothing was changed; choose another backup: aquastream offsite:list',
    })
  }
  await makeWorkplace(stack)
  const directory = await mkdtemp(join(workplaceOf(stack), 'redis-')).catch((error: unknown) => {
    throw storageError(workplaceOf(stack), error)
  })
  try {
    const copied = (bytes: number): void => on('copying', bytes)
    await restoreSnapshot({repository, snapshot, target: directory}, {on: copied, signal})
    const input = join(directory, REDIS_FILE)
    const keys = Number(await changeVolume(stopped, {command: 'load-redis', input}, signal))
    return {store: 'redis', set, savedAt: new Date(savedAt).toISOString(), keys}
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
}
