import {AquastreamError} from '../../errors.js'
import {PLATFORM} from '../../stack/schemas.js'
import {type BackupSet, isFuture} from './backup-set.js'
import {quoteTyped} from '../../system/text/typed.js'

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
    throw ambiguous(ref, ids, directory)
  }
  const what = ref === 'latest' ? 'no complete backup was' : `backup ${quoteTyped(ref)} was not`
  throw new AquastreamError('no-such-backup', `${what} found in ${directory}`, {
    hint: sets.length > 0 ? 'list the backups: aquastream db:list' : 'take one: aquastream db:backup',
  })
}

/** Creates the error that the beginning of an ID is that of several backups. */
export function ambiguous(ref: string, ids: string[], where: string): AquastreamError {
  return new AquastreamError('no-such-backup', `${ref} matches ${ids.length} backups in ${where}`, {
    hint: `enter more characters of the ID: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`,
  })
}

/** Lists the backups that a command uses without a choice: complete, no safety backups, and none dated in the future. */
export function listUsable(sets: BackupSet[]): BackupSet[] {
  const now = new Date()
  return sets.filter(
    set => set.state === 'complete' && set.manifest?.kind === 'backup' && !isFuture(set, now),
  )
}

/**
 * Chooses the backup that a restore uses if the user selects none: the newest one. For all schemas, it is the newest one
 * with every schema of the platform, because a newer one of a single schema must not replace it; if there is none, the
 * newest one, because the database may have fewer schemas.
 * @param newestFirst usable backups that have the schema
 */
export function chooseFor<Item extends {schemas: string[]}>(
  schema: string | undefined,
  newestFirst: Item[],
): Item | undefined {
  const isWhole = ({schemas}: Item): boolean => PLATFORM.every(name => schemas.includes(name))
  return (schema === undefined ? newestFirst.find(isWhole) : undefined) ?? newestFirst[0]
}

function matching(sets: BackupSet[], ref: string): BackupSet[] {
  return ref === '' ? [] : sets.filter(({id}) => id.startsWith(ref))
}
