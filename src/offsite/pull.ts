import {readSet} from '../backup/repository/sets.js'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {shellQuote} from '../system/text/shell-quote.js'
import {fetchSet, type FetchEvent} from './transfer/fetch.js'
import {findSnapshot} from './find.js'
import {openRepository, type Repository} from './restic/repository.js'
import {listOwnSnapshots} from './restic/snapshots.js'

/** The JSON of `offsite:pull`. */
export interface PullReport {
  repository: string
  id: string
  /** The directory of the backup. */
  path: string
  bytes: number
  /** False if the backup was there already. */
  fetched: boolean
}

/**
 * Copies a backup from the off-site repository to the local one. It appears there when its checksums have been
 * verified; a failure leaves nothing.
 * @param ref an ID, the beginning of an ID, or `latest`
 * @throws no-such-backup, archive-damaged, refused, busy, backup-directory, disk-full; also the errors of
 *   `openRepository` and `listSnapshots`
 */
export async function pullOffsite(
  {stack, ref}: {stack: StackContext; ref: string},
  ctx: Context<FetchEvent>,
): Promise<PullReport> {
  const repository = await openRepository(stack)
  const {backups} = stack
  const listing = await listOwnSnapshots(repository, stack, ctx.signal)
  const {id, bytes} = findSnapshot(listing.ours, ref, repository.name)
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
  if (local) return {repository: repository.name, id, path: local.path, bytes: local.bytes, fetched: false}
  const snapshots = listing.ours.filter(one => one.id === id).map(({snapshot}) => snapshot)
  const path = await fetchFirst(snapshots, {repository, root: backups, id}, ctx)
  return {repository: repository.name, id, path, bytes, fetched: true}
}

/** Fetches the newest snapshot of a backup that is complete; if there is none, throws the error of the newest. */
async function fetchFirst(
  [snapshot, ...others]: string[],
  place: {repository: Repository; root: string; id: string},
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
