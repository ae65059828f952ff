import {mkdtemp, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {storageError} from '../../backup/storage-error.js'
import type {Context, Engine} from '../../engines/engine.js'
import {openEngine} from '../../engines/open.js'
import type {StackContext} from '../../engines/stack-context.js'
import {AquastreamError} from '../../errors.js'
import {hasProcess} from '../../stack/state.js'
import {VOLUME} from '../restic/launcher.js'
import type {Repository} from '../restic/repository.js'
import type {Store, StoreSnapshot} from '../restic/store-snapshots.js'
import {listFiles, restoreSnapshot, sizeOfTree} from '../transfer/restore-snapshot.js'
import {makeWorkplace, workplaceOf} from '../workplace.js'
import {SERVICE_OF, volumeOf} from './find.js'
import {checkObjects, type CheckedObjects} from './objects.js'
import {countKeys} from './redis.js'
import {REDIS_FILE} from './save.js'
import {startService} from './start.js'
import {changeVolume, NEW_DATA, type StoreVolume} from './volume.js'

/** Reports the progress of a restore of media or Redis. */
export interface RestoreEvent {
  type: 'restore'
  store: Store
  state: 'copying' | 'starting' | 'checking' | 'done'
  bytes: number
}

/** What was restored: with all objects that were read and compared, or the keys that do not expire. */
export type RestoredStore =
  ({store: 'media'; set: string} & CheckedObjects) | {store: 'redis'; set: string; keys: number}

/** A store whose service is stopped. */
export interface StoppedStore extends StoreVolume {
  store: Store
  engine: Engine
}

/** The user of the service; see the Compose file. */
const USERS = {media: '10001:10001', redis: 'redis'} as const satisfies Record<Store, string>

/**
 * Finds stores whose data can be replaced: their services exist and are stopped.
 * @throws refused, with the command that stops or creates them
 */
export async function findStopped(
  stack: StackContext,
  stores: Store[],
  signal: AbortSignal,
): Promise<StoppedStore[]> {
  const engine = await openEngine(stack)
  if (engine.name === 'embedded') {
    throw new AquastreamError('refused', 'the embedded engine does not keep media and Redis in volumes', {
      hint: 'restore into a stack that runs on Docker',
    })
  }
  // The objects are read through the port of MinIO, which Swarm does not publish.
  if (engine.name === 'swarm') {
    throw new AquastreamError(
      'refused',
      'media and Redis cannot be restored into a stack of the swarm engine',
      {
        hint: 'both engines use the same volumes: remove the stack with aquastream env:down, restore with AQUASTREAM_ENGINE=compose, then start it on Swarm again',
      },
    )
  }
  const states = await engine.states(signal)
  const services = stores.map(store => SERVICE_OF[store])
  const running = services.filter(service =>
    states.some(state => state.service === service && hasProcess(state)),
  )
  if (running.length > 0) {
    throw new AquastreamError(
      'refused',
      `${running.join(' and ')} of ${stack.project} must be stopped first`,
      {
        hint: `stop ${running.length === 1 ? 'it' : 'them'}: aquastream env:stop ${running.join(' ')}; then run the command again`,
      },
    )
  }
  const volumes = await engine.volumes()
  return stores.map(store => {
    const service = SERVICE_OF[store]
    const image = states.find(state => state.service === service)?.imageId
    const volume = volumeOf(store, stack.project)
    if (image !== undefined && volumes.includes(volume))
      return {store, engine, service, volume, image, user: USERS[store]}
    const up = services.map(name => `--service ${name}`).join(' ')
    throw new AquastreamError('refused', `${stack.project} has no ${service} yet`, {
      hint: `create the services: aquastream env:up ${up}; stop them: aquastream env:stop ${services.join(' ')}; then run the command again`,
    })
  })
}

/** What to restore, and from where. */
export interface RestoreStoreRequest {
  stack: StackContext
  repository: Repository
  stopped: StoppedStore
  snapshot: StoreSnapshot
}

/**
 * Replaces the data of a store by that of a snapshot, starts its service and checks the data. Until the check has
 * succeeded, the current data is kept aside, and is put back if it fails.
 * @throws archive-damaged, restore-failed, not-healthy, disk-full; the errors of a failed command
 */
export async function restoreStore(
  request: RestoreStoreRequest,
  {on, signal}: Context<RestoreEvent>,
): Promise<RestoredStore> {
  const {store, engine, service} = request.stopped
  const report = (state: RestoreEvent['state'], bytes = 0): void => on({type: 'restore', store, state, bytes})
  const copied = (bytes: number): void => report('copying', bytes)
  report('copying')
  await changeVolume(request.stopped, {command: 'prepare'}, signal)
  const copy = store === 'media' ? copyMedia : copyRedis
  const keys = await copy(request, {on: copied, signal}).catch(async (error: unknown) => {
    // What was copied must not fill the disk of the present data.
    await changeVolume(request.stopped, {command: 'undo'}, signal).catch(() => undefined)
    throw error
  })
  await changeVolume(request.stopped, {command: 'exchange'}, signal)
  try {
    report('starting')
    const checked = await startAndCheck(request, keys, {signal, on: ({bytes}) => report('checking', bytes)})
    await changeVolume(request.stopped, {command: 'finish'}, signal)
    report('done', 'bytes' in checked ? checked.bytes : 0)
    return checked
  } catch (error) {
    signal.throwIfAborted()
    await engine.stopServices([service], signal)
    await changeVolume(request.stopped, {command: 'undo'}, signal)
    throw error
  }
}

async function copyMedia(
  {repository, stopped, snapshot: {snapshot}}: RestoreStoreRequest,
  ctx: Context<number>,
): Promise<number> {
  const volume = {name: stopped.volume, readonly: false}
  await sizeOfTree({repository, snapshot}, ctx.signal)
  await restoreSnapshot({repository, snapshot, target: `${VOLUME}/${NEW_DATA}`, volume}, ctx)
  return 0
}

/** Returns the number of keys that do not expire. */
async function copyRedis(
  {stack, repository, stopped, snapshot: {snapshot}}: RestoreStoreRequest,
  ctx: Context<number>,
): Promise<number> {
  const files = await listFiles({repository, snapshot}, ctx.signal)
  if (files.length !== 1 || files[0]!.name !== REDIS_FILE) throw damaged(repository, 'redis')
  await makeWorkplace(stack)
  const directory = await mkdtemp(join(workplaceOf(stack), 'redis-')).catch((error: unknown) => {
    throw storageError(workplaceOf(stack), error)
  })
  try {
    await restoreSnapshot({repository, snapshot, target: directory}, ctx)
    const input = join(directory, REDIS_FILE)
    return Number(await changeVolume(stopped, {command: 'load-redis', input}, ctx.signal))
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
}

async function startAndCheck(
  {repository, stopped, snapshot: {set}}: RestoreStoreRequest,
  expected: number,
  ctx: Context<CheckedObjects>,
): Promise<RestoredStore> {
  const {engine, service, store} = stopped
  const {published} = await startService(engine, service, ctx.signal)
  if (store === 'redis') {
    const keys = await countKeys(engine)
    if (keys !== expected) throw damaged(repository, store, 'the previous data is put back')
    return {store, set, keys}
  }
  const facts = await engine.facts(ctx.signal)
  const {environment = {}} = facts.find(fact => fact.service === service) ?? {}
  const {MINIO_ROOT_USER: accessKey = '', MINIO_ROOT_PASSWORD: secretKey = ''} = environment
  const checked = await checkObjects({endpoint: `http://${published[9000]}`, accessKey, secretKey}, ctx)
  return {store, set, ...checked}
}

function damaged({name}: Repository, store: Store, left = 'nothing was changed'): AquastreamError {
  return new AquastreamError('archive-damaged', `the copy of ${store} in ${name} is damaged`, {
    hint: `${left}; choose another backup: aquastream offsite:list`,
  })
}
