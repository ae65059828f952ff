import {readSet} from '../backup/repository/sets.js'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {shellQuote} from '../system/text/shell-quote.js'
import {fetchSet, type FetchEvent} from './transfer/fetch.js'
import {findSnapshot, findStoreSnapshot, listUsableSnapshots} from './find.js'
import {openRepository, type Repository} from './restic/repository.js'
import {listOwnSnapshots} from './restic/snapshots.js'
import type {Store, StoreSnapshot} from './restic/store-snapshots.js'
import {type RestoredStore, type RestoreEvent, restoreStore} from './stores/restore-stores.js'
import {findStopped, type StoppedStore} from './stores/stopped.js'
import {findUnreadable} from './unreadable.js'
import {withOffsiteLock} from './workplace.js'

/** The JSON of `offsite:pull`. */
export interface PullReport {
  repository: string
  id: string
  /** The directory of the backup. */
  path: string
  bytes: number
  /** False if the backup was there already. */
  fetched: boolean
  /** Media and Redis, if they were restored. */
  restored: RestoredStore[]
}

/** What to copy. */
export interface PullRequest {
  stack: StackContext
  /** An ID, the beginning of an ID, or `latest`. */
  ref: string
  /** What to restore into the stack as well. */
  stores: Store[]
}

/** Reports the progress of a pull. */
export type PullEvent = FetchEvent | RestoreEvent | NarrowerBackup | {type: 'notice'; text: string}

/** `latest` is not the newest backup, because that one lacks schemas of the platform. */
interface NarrowerBackup {
  type: 'narrower-backup'
  id: string
  schemas: string[]
}

/**
 * Refuses a pull that would restore into services that run, before the user is asked.
 * @throws refused
 */
export async function requireStopped({stack, stores}: PullRequest, signal: AbortSignal): Promise<void> {
  if (stores.length > 0) await findStopped(stack, stores, signal)
}

/**
 * Copies a backup from the off-site repository to the local one. It appears there when its checksums have been
 * verified; a failure leaves nothing. Then restores media and Redis of that backup, if requested.
 * @throws no-such-backup, not-healthy, restore-failed, archive-damaged, refused, busy, backup-directory, disk-full; also the errors of
 *   `openRepository` and `listSnapshots`
 */
export async function pullOffsite(
  {stack, ref, stores}: PullRequest,
  ctx: Context<PullEvent>,
): Promise<PullReport> {
  const repository = await openRepository(stack, ctx.signal)
  const {backups} = stack
  const listing = await listOwnSnapshots(repository, stack, ctx.signal)
  const problem = findUnreadable(listing, repository.name)
  if (problem) ctx.on({type: 'notice', text: `${problem.message}; one can be of a newer backup`})
  const {id, bytes} = findSnapshot(listing.ours, ref, repository.name)
  const [newest] = listUsableSnapshots(listing.ours)
  if (ref === 'latest' && newest && newest.id !== id)
    ctx.on({type: 'narrower-backup', id: newest.id, schemas: newest.schemas})
  const snapshots = stores.map(store => findStoreSnapshot(listing.stores, {store, id}, repository.name))
  const stopped = stores.length > 0 ? await findStopped(stack, stores, ctx.signal) : []
  const local = readSet(backups, id)
  if (local && local.state !== 'complete') {
    throw new AquastreamError(
      'refused',
      `backup ${id} in ${backups} is ${local.state}, and is not overwritten`,
      {
        hint: `move it away, then run the command again: mv ${shellQuote(local.path)} ${shellQuote(`${local.path}.${local.state}`)}`,
      },
    )
  }
  const own = listing.ours.filter(one => one.id === id).map(({snapshot}) => snapshot)
  const path = local?.path ?? (await fetchFirst(own, {stack, repository, id}, ctx))
  const restored = await restoreAll({stack, repository, stopped, snapshots}, ctx)
  const {name} = repository
  return {repository: name, id, path, bytes: local?.bytes ?? bytes, fetched: !local, restored}
}

/** One restore at a time, and none while a push reads. */
async function restoreAll(
  {stack, repository, stopped, snapshots}: RestoreAllRequest,
  ctx: Context<PullEvent>,
): Promise<RestoredStore[]> {
  if (stopped.length === 0) return []
  return withOffsiteLock(stack, 'offsite:pull', async lost => {
    const signal = AbortSignal.any([ctx.signal, lost])
    const restored: RestoredStore[] = []
    for (const [index, one] of stopped.entries()) {
      const request = {stack, repository, stopped: one, snapshot: snapshots[index]!}
      restored.push(await restoreStore(request, {on: ctx.on, signal}))
    }
    return restored
  })
}

interface RestoreAllRequest {
  stack: StackContext
  repository: Repository
  stopped: StoppedStore[]
  /** In the same order. */
  snapshots: StoreSnapshot[]
}

/** Fetches the newest snapshot of a backup that is complete; if there is none, throws the error of the newest. */
async function fetchFirst(
  [snapshot, ...others]: string[],
  place: {stack: StackContext; repository: Repository; id: string},
  ctx: Context<FetchEvent>,
): Promise<string> {
  try {
    return await fetchSet({...place, snapshot: snapshot!}, ctx)
  } catch (error) {
    const isDamaged = error instanceof AquastreamError && error.code === 'archive-damaged'
    if (!isDamaged || others.length === 0) throw error
    return await fetchFirst(others, place, ctx).catch(() => {
      throw error
    })
  }
}
