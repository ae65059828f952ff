import {AquastreamError} from '../../errors.js'
import type {BackupSet} from './backup-set.js'

/**
 * Finds a backup by its ID, by the beginning of its ID, or by `latest`, which means the newest complete backup that
 * is not a safety backup.
 * @throws no-such-backup
 */
export function findSet(sets: BackupSet[], word: string, directory: string): BackupSet {
  const [first, second] = word === 'latest' ? latest(sets) : fitting(sets, word)
  if (first && (!second || first.id === word)) return first
  if (second) {
    const ids = fitting(sets, word).map(({id}) => id)
    throw new AquastreamError('no-such-backup', `${word} fits ${ids.length} backups of ${directory}`, {
      hint: `type more of the ID: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`,
    })
  }
  const what = word === 'latest' ? 'complete backup' : `backup ${JSON.stringify(word)}`
  throw new AquastreamError('no-such-backup', `there is no ${what} in ${directory}`, {
    hint: sets.length > 0 ? 'see what there is: aquastream db:list' : 'make one: aquastream db:backup',
  })
}

function latest(sets: BackupSet[]): BackupSet[] {
  return sets.filter(({state, manifest}) => state === 'complete' && manifest?.kind === 'backup').slice(0, 1)
}

function fitting(sets: BackupSet[], word: string): BackupSet[] {
  return word === '' ? [] : sets.filter(({id}) => id.startsWith(word))
}
