import {isFuture} from '../backup/repository/backup-set.js'
import {chooseFor} from '../backup/repository/find.js'
import {AquastreamError} from '../errors.js'
import type {Snapshot} from './restic/snapshots.js'
import type {Store, StoreSnapshot} from './restic/store-snapshots.js'

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
  if (first) {
    throw new AquastreamError('no-such-backup', `${ref} matches ${ids.length} backups in ${repository}`, {
      hint: `enter more characters of the ID: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`,
    })
  }
  const what = ref === 'latest' ? 'no backup was' : `backup ${JSON.stringify(ref)} was not`
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
 * Finds the newest snapshot of a store that belongs to a backup.
 * @param newestFirst the snapshots of all stores
 * @throws no-such-backup
 */
export function findStoreSnapshot(
  newestFirst: StoreSnapshot[],
  {store, id}: {store: Store; id: string},
  repository: string,
): StoreSnapshot {
  const found = newestFirst.find(one => one.store === store && one.set === id)
  if (found) return found
  throw new AquastreamError('no-such-backup', `backup ${id} has no ${store} in ${repository}`, {
    hint: 'choose a backup that has it: aquastream offsite:list',
  })
}
