import {AquastreamError} from '../../errors.js'
import type {BackupSet} from './backup-set.js'

/**
 * Finds a backup by its ID, by the beginning of its ID, or by `latest`, which means the newest complete backup that
 * is not a safety backup.
 * @throws no-such-backup
 */
export function findSet(sets: BackupSet[], ref: string, directory: string): BackupSet {
  const [first, second] = ref === 'latest' ? latest(sets) : fitting(sets, ref)
  if (first && (!second || first.id === ref)) return first
  if (second) {
    const ids = fitting(sets, ref).map(({id}) => id)
    throw new AquastreamError('no-such-backup', `${ref} fits ${ids.length} backups of ${directory}`, {
      hint: `type more of the ID: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`,
    })
  }
  const what = ref === 'latest' ? 'complete backup' : `backup ${JSON.stringify(ref)}`
  throw new AquastreamError('no-such-backup', `there is no ${what} in ${directory}`, {
    hint: sets.length > 0 ? 'see what there is: aquastream db:list' : 'make one: aquastream db:backup',
  })
}

function latest(sets: BackupSet[]): BackupSet[] {
  return sets.filter(({state, manifest}) => state === 'complete' && manifest?.kind === 'backup').slice(0, 1)
}

function fitting(sets: BackupSet[], ref: string): BackupSet[] {
  return ref === '' ? [] : sets.filter(({id}) => id.startsWith(ref))
}
