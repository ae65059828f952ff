import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {fetchSet, type FetchEvent} from './transfer/fetch.js'
import {findCopies, findSnapshot, listUsableSnapshots, orderSnapshots} from './find.js'
import {readLocal} from './local.js'
import {openRepository, type Repository} from './restic/repository.js'
import {type Listing, listOwnSnapshots, type Snapshot} from './restic/snapshots.js'
import type {Store, StoreSnapshot} from './restic/store-snapshots.js'
import {recordSeen} from './rotation/ledger.js'
import {type RestoredStore, type RestoreEvent, restoreStore} from './stores/restore-stores.js'
import {findStopped} from './stores/stopped.js'
import {findUnreadable} from './restic/unreadable.js'
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

/** What a pull is going to do. */
export interface PullPlan {
  stack: StackContext
  repository: Repository
  id: string
  bytes: number
  /** The snapshots of the backup, in the order in which they are tried. */
  snapshots: Snapshot[]
  /** What is restored into the stack, each with its copies in the order in which they are tried. */
  stores: {store: Store; copies: StoreSnapshot[]}[]
  notices: PullNotice[]
}

/** Reports the progress of a pull. */
export type PullEvent =
  | FetchEvent
  | RestoreEvent
  | PullNotice
  /** A backup has several snapshots. */
  | {type: 'snapshots'; id: string; savedAt: Date[]}
  /** A copy is damaged, and the next one is tried. */
  | {type: 'damaged-copy'; message: string; next: Date}

/** What a person has to know about the choice of the backup. */
type PullNotice =
  /** Snapshots cannot be read. */
  | {type: 'unreadable'; message: string}
  /** `latest` is not the newest backup, because that one lacks schemas of the platform. */
  | {type: 'narrower-backup'; id: string; schemas: string[]}

/**
 * Finds out what a pull is going to do. Changes nothing but the record of the snapshots that this machine has seen.
 * @throws refused: it would restore into services that run; no-such-backup; also the errors of `openRepository` and
 *   `listSnapshots`
 */
export async function planPull({stack, ref, stores}: PullRequest, signal: AbortSignal): Promise<PullPlan> {
  if (stores.length > 0) await findStopped(stack, stores, signal)
  const repository = await openRepository(stack, signal)
  const listing = await listOwnSnapshots(repository, stack, signal)
  const {id, bytes} = findSnapshot(listing.ours, ref, repository.name)
  const ledger = await recordSeen(stack, listing, new Date())
  return {
    stack,
    repository,
    id,
    bytes,
    snapshots: orderSnapshots(
      listing.ours.filter(one => one.id === id),
      ledger,
    ),
    stores: stores.map(store => ({store, copies: findCopies(listing.stores, {store, id}, repository.name)})),
    notices: noticesOf(listing, {ref, id, repository: repository.name}),
  }
}

function noticesOf(
  listing: Listing,
  {ref, id, repository}: {ref: string; id: string; repository: string},
): PullNotice[] {
  const unreadable = findUnreadable(listing, repository)
  const [newest] = listUsableSnapshots(listing.ours)
  const isNarrower = ref === 'latest' && newest !== undefined && newest.id !== id
  return [
    ...(unreadable ? [{type: 'unreadable', message: unreadable.message} as const] : []),
    ...(isNarrower ? [{type: 'narrower-backup', id: newest.id, schemas: newest.schemas} as const] : []),
  ]
}

/**
 * Copies a backup from the off-site repository to the local one. It appears there when its checksums have been
 * verified; a failure leaves nothing. Then restores media and Redis of that backup, if requested.
 * @throws not-healthy, restore-failed, archive-damaged, refused, busy, backup-directory, disk-full
 */
export async function pullOffsite(plan: PullPlan, ctx: Context<PullEvent>): Promise<PullReport> {
  const {repository, id, bytes} = plan
  plan.notices.forEach(ctx.on)
  const local = await readLocal(plan, ctx)
  const path = local?.path ?? (await fetchBackup(plan, ctx))
  const restored = await restoreAll(plan, ctx)
  const {name} = repository
  return {repository: name, id, path, bytes: local?.bytes ?? bytes, fetched: !local, restored}
}

async function fetchBackup(
  {stack, repository, id, snapshots}: PullPlan,
  ctx: Context<PullEvent>,
): Promise<string> {
  if (snapshots.length > 1)
    ctx.on({type: 'snapshots', id, savedAt: snapshots.map(({savedAt}) => new Date(savedAt))})
  const isPinned = snapshots.some(({pinned}) => pinned)
  return useFirstIntact(
    snapshots,
    ({snapshot}) => fetchSet({stack, repository, id, snapshot, isPinned}, ctx),
    ctx,
  )
}

/** One restore at a time, and none while a push reads. */
async function restoreAll(
  {stack, repository, stores}: PullPlan,
  ctx: Context<PullEvent>,
): Promise<RestoredStore[]> {
  if (stores.length === 0) return []
  const names = stores.map(({store}) => store)
  const stopped = await findStopped(stack, names, ctx.signal)
  return withOffsiteLock(stack, 'offsite:pull', async lost => {
    const inner = {on: ctx.on, signal: AbortSignal.any([ctx.signal, lost])}
    const restored: RestoredStore[] = []
    for (const [index, one] of stopped.entries()) {
      const request = {stack, repository, stopped: one}
      restored.push(
        await useFirstIntact(
          stores[index]!.copies,
          snapshot => restoreStore({...request, snapshot}, inner),
          inner,
        ),
      )
    }
    return restored
  })
}

/** Uses copies in their order until one is intact; if there is none, throws the error of the first. */
async function useFirstIntact<Copy extends {savedAt: number}, T>(
  copies: Copy[],
  use: (copy: Copy) => Promise<T>,
  {on}: Pick<Context<PullEvent>, 'on'>,
): Promise<T> {
  let first: unknown
  for (const [index, copy] of copies.entries()) {
    try {
      return await use(copy)
    } catch (error) {
      if (!(error instanceof AquastreamError) || error.code !== 'archive-damaged') throw error
      first ??= error
      const next = copies[index + 1]
      if (next) on({type: 'damaged-copy', message: error.message, next: new Date(next.savedAt)})
    }
  }
  throw first
}
