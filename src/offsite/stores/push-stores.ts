import type {Context} from '../../engines/engine.js'
import type {StackContext} from '../../engines/stack-context.js'
import type {Repository} from '../restic/repository.js'
import type {Store} from '../restic/store-snapshots.js'
import type {FoundStore, MissingStore} from './find.js'
import {saveStore} from './save.js'

/** A store that a push has saved. */
interface PushedStore {
  store: Store
  /** ID of the backup that it belongs to. */
  set: string
  bytes: number
  /** Bytes added to the repository; unchanged data is not moved again. */
  moved: number
}

/** What a push did about media and Redis. */
export interface StoresReport {
  stores: PushedStore[]
  notSaved: MissingStore[]
}

/** Reports how much of a store has been read. */
export interface StoreEvent {
  type: 'store'
  store: Store
  state: 'running' | 'done'
  bytes: number
}

/** A push of the stores. */
interface PushStoresRequest {
  stack: StackContext
  repository: Repository
  /** ID of the backup that they belong to; undefined if there is none. */
  set: string | undefined
  found: FoundStore[]
  missing: MissingStore[]
}

/**
 * Saves media and Redis as they are now. The backup that they belong to is older, so that no row of it names an object
 * that the copy lacks.
 * @throws the errors of `saveStore`
 */
export async function pushStores(
  {stack, repository, set, found, missing}: PushStoresRequest,
  {on, signal}: Context<StoreEvent>,
): Promise<StoresReport> {
  if (set === undefined) {
    const why = 'there is no backup to save them with'
    return {stores: [], notSaved: [...missing, ...found.map(({store}) => ({store, why}))]}
  }
  const stores: PushedStore[] = []
  for (const one of found) {
    const {store} = one
    on({type: 'store', store, state: 'running', bytes: 0})
    const {bytes, moved} = await saveStore(
      {stack, repository, found: one, set},
      {signal, on: read => on({type: 'store', store, state: 'running', bytes: read})},
    )
    on({type: 'store', store, state: 'done', bytes})
    stores.push({store, set, bytes, moved})
  }
  return {stores, notSaved: missing}
}
