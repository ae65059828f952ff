import {isFuture} from '../backup/repository/backup-set.js'
import {ambiguous, chooseFor} from '../backup/repository/find.js'
import {AquastreamError} from '../errors.js'
import type {Snapshot} from './restic/snapshots.js'
import type {Store, StoreSnapshot} from './restic/store-snapshots.js'
import {isCredible, type Ledger} from './rotation/ledger.js'
import {quoteTyped} from '../system/text/typed.js'

/**
 * Finds the snapshot of a backup by the ID of the backup, by the beginning of it, or by `latest`, which means the backup
 * that a restore of all schemas would use. No push need have verified it: a pull compares its checksums.
 * @throws no-such-backup
 */
export function findSnapshot(ours: Snapshot[], ref: string, repository: string): Snapshot {
  const latest = chooseFor(undefined, listUsableSnapshots(ours))
  const found =
    ref === 'latest' ? (latest ? [latest] : []) : ours.filter(({id}) => ref !== '' && id.startsWith(ref))
  const ids = [...new Set(found.map(({id}) => id))]
  const [first] = found
  if (first && (ids.length === 1 || ids.includes(ref))) return found.find(({id}) => id === ref) ?? first
  if (first) throw ambiguous(ref, ids, repository)
  const what = ref === 'latest' ? 'no backup was' : `backup ${quoteTyped(ref)} was not`
  throw new AquastreamError('no-such-backup', `${what} found in the off-site repository ${repository}`, {
    hint:
      ours.length > 0
        ? 'list its backups: aquastream offsite:list'
        : 'copy the backups: aquastream offsite:push',
  })
}

/** Lists the snapshots that a command uses without a choice: no safety backups, and none dated in the future. */
export function listUsableSnapshots(snapshots: Snapshot[]): Snapshot[] {
  const now = new Date()
  return snapshots.filter(one => one.kind === 'backup' && !isFuture(one, now))
}

/**
 * Orders the snapshots of a backup: the one to fetch is the first one that is complete. Whoever may only add snapshots can
 * add another one to an old backup: those that this machine saw at about the time of the backup come first, then those
 * that it saw earlier, and without such a record those that claim to be older.
 */
export function orderSnapshots(own: Snapshot[], ledger: Ledger): Snapshot[] {
  const credible = (one: Snapshot): number => Number(isCredible(one, ledger))
  const seen = (one: Snapshot): number => ledger.get(one.snapshot) ?? Number.MAX_SAFE_INTEGER
  return own.toSorted((a, b) => credible(b) - credible(a) || seen(a) - seen(b) || a.savedAt - b.savedAt)
}

/**
 * Finds the copies of a store that belong to a backup, in the order in which they were made. The first one is what the
 * backup needs: every later push copies the store as it was at that time, which can be after the damage.
 * @param stores the snapshots of all stores
 * @throws no-such-backup
 */
export function findCopies(
  stores: StoreSnapshot[],
  {store, id}: {store: Store; id: string},
  repository: string,
): StoreSnapshot[] {
  const found = stores.filter(one => one.store === store && one.set === id)
  if (found.length > 0) return found.sort((a, b) => a.savedAt - b.savedAt)
  throw new AquastreamError('no-such-backup', `backup ${id} has no ${store} in ${repository}`, {
    hint: 'choose a backup that has it: aquastream offsite:list',
  })
}
