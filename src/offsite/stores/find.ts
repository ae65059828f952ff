import type {Engine} from '../../engines/engine.js'
import {openEngine} from '../../engines/open.js'
import type {StackContext} from '../../engines/stack-context.js'
import {hasProcess} from '../../stack/state.js'
import {which} from '../../system/which.js'
import {type Store, STORES} from '../restic/store-snapshots.js'

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
}

/** A store that cannot be saved. */
export interface MissingStore {
  store: Store
  /** A sentence without a period. */
  why: string
}

/**
 * Finds the stores of a stack on this machine. MinIO need not run, because its volume is read; Redis must run, because it
 * writes the copy of its data itself.
 * @throws the errors of an engine that is not available
 */
export async function findStores(
  stack: StackContext,
  signal: AbortSignal,
): Promise<{found: FoundStore[]; missing: MissingStore[]}> {
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
    const isRunning = states.some(state => state.service === service && hasProcess(state))
    if (!volumes.includes(volume)) missing.push({store, why: `${stack.project} has no data of ${service}`})
    else if (store === 'redis' && !isRunning) missing.push({store, why: 'redis is not running'})
    else found.push({store, engine, volume})
  }
  return {found, missing}
}
