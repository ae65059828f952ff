import type {Engine} from '../../engines/engine.js'
import {openEngine} from '../../engines/open.js'
import type {StackContext} from '../../engines/stack-context.js'
import {AquastreamError} from '../../errors.js'
import {hasProcess} from '../../stack/state.js'
import {which} from '../../system/which.js'
import {type Store, STORES} from '../restic/store-snapshots.js'
import type {OffsiteSettings} from '../settings.js'
import {isWhole} from './whole.js'

/** The service that has the data of a store. */
export const SERVICE_OF = {media: 'minio', redis: 'redis'} as const satisfies Record<Store, string>

/** Returns the name of the volume of a store, as the Compose file names it. */
export function volumeOf(store: Store, project: string): string {
  return `${project}_${SERVICE_OF[store]}data`
}

/** A store that the stack has on this machine. */
export interface FoundStore {
  store: Store
  engine: Engine
  volume: string
  /** An image with a shell that this machine needs for it anyway: that of restic, or that of the running Redis. */
  image: string
}

/** A store that cannot be saved. */
export interface MissingStore {
  store: Store
  /** A sentence without a period. */
  why: string
}

/** The stores of a stack, by what a push does about them. */
export interface Stores {
  found: FoundStore[]
  missing: MissingStore[]
  /** Why others must not be saved. */
  error?: unknown
}

/**
 * Finds the stores of a stack on this machine. MinIO need not run, because its volume is read; Redis must run, because it
 * writes the copy of its data itself.
 * @throws the errors of an engine that is not available, and of `isWhole`
 */
export async function findStores(
  stack: StackContext,
  {image}: Pick<OffsiteSettings, 'image'>,
  signal: AbortSignal,
): Promise<Stores> {
  const none = (why: string) => ({found: [], missing: STORES.map(store => ({store, why}))})
  if ((await which('docker')) === undefined) return none('Docker is not installed on this machine')
  const engine = await openEngine(stack)
  if (engine.name === 'embedded') return none('the embedded engine does not keep media and Redis in volumes')
  const [states, volumes] = await Promise.all([engine.states(signal), engine.volumes()])
  const found: FoundStore[] = []
  const missing: MissingStore[] = []
  for (const store of STORES) {
    const service = SERVICE_OF[store]
    const volume = volumeOf(store, stack.project)
    const running = states.find(state => state.service === service && hasProcess(state))
    if (!volumes.includes(volume)) missing.push({store, why: `${stack.project} has no data of ${service}`})
    else if (store === 'media') found.push({store, engine, volume, image})
    else if (running) found.push({store, engine, volume, image: running.imageId})
    else missing.push({store, why: 'redis is not running'})
  }
  const whole = await Promise.all(found.map(one => isWhole(one, signal)))
  const torn = found.filter((_, index) => !whole[index]).map(({store}) => store)
  if (torn.length === 0) return {found, missing}
  return {found: found.filter((_, index) => whole[index]), missing, error: tornError(torn)}
}

function tornError(stores: Store[]): AquastreamError {
  const services = stores.map(store => SERVICE_OF[store])
  const flags = stores.map(store => `--${store}`).join(' ')
  return new AquastreamError(
    'offsite-failed',
    `the data of ${services.join(' and ')} was not copied: it is incomplete, because a restore was interrupted`,
    {
      hint: `repeat the restore, which completes it: aquastream env:stop ${services.join(' ')}; aquastream offsite:pull ID ${flags}`,
    },
  )
}
