import {AquastreamError} from '../../errors.js'
import {type BackupSet, isFuture} from './backup-set.js'

/**
 * Finds a backup by its ID, by the beginning of its ID, or by `latest`, which means the newest complete backup that
 * is neither a safety backup nor dated in the future.
 * @throws no-such-backup
 */
export function findSet(sets: BackupSet[], ref: string, directory: string): BackupSet {
  const [first, second] = ref === 'latest' ? listUsable(sets).slice(0, 1) : matching(sets, ref)
  if (first && (!second || first.id === ref)) return first
  if (second) {
    const ids = matching(sets, ref).map(({id}) => id)
    throw new AquastreamError('no-such-backup', `${ref} matches ${ids.length} backups in ${directory}`, {
      hint: `enter more characters of the ID: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`,
    })
  }
  const what = ref === 'latest' ? 'no complete backup was' : `backup ${JSON.stringify(ref)} was not`
  throw new AquastreamError('no-such-backup', `${what} found in ${directory}`, {
    hint: sets.length > 0 ? 'list the backups: aquastream db:list' : 'take one: aquastream db:backup',
  })
}

/** Lists the backups that a command uses without a choice: complete, no safety backups, and none dated in the future. */
export function listUsable(sets: BackupSet[]): BackupSet[] {
  const now = new Date()
  return sets.filter(
    set => set.state === 'complete' && set.manifest?.kind === 'backup' && !isFuture(set, now),
  )
}

function matching(sets: BackupSet[], ref: string): BackupSet[] {
  return ref === '' ? [] : sets.filter(({id}) => id.startsWith(ref))
}
