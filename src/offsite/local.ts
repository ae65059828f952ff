import {findDamagedFile} from '../backup/archive/read.js'
import type {BackupSet} from '../backup/repository/backup-set.js'
import {entriesOf} from '../backup/repository/manifest.js'
import {readSet} from '../backup/repository/sets.js'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {shellQuote} from '../system/text/shell-quote.js'
import type {FetchEvent} from './transfer/fetch.js'

/**
 * Reads the backup on this machine, if there is one, with the content of its files: a damaged one must not pass for the
 * good one in the repository.
 * @throws refused: it is not intact; backup-directory
 */
export async function readLocal(
  {stack: {backups}, id}: {stack: StackContext; id: string},
  {on, signal}: Context<FetchEvent>,
): Promise<BackupSet | undefined> {
  const set = readSet(backups, id)
  if (!set) return undefined
  if (set.state !== 'complete') throw notIntact(set, backups)
  on({type: 'fetch', id, state: 'verifying', bytes: 0, total: 0})
  const damaged = await findDamagedFile(set.path, entriesOf(set.manifest!), signal)
  if (damaged !== undefined) throw notIntact({...set, state: 'damaged'}, backups)
  on({type: 'fetch', id, state: 'done', bytes: 0, total: 0})
  return set
}

/** Creates the error that a backup on this machine hides the one in the repository. */
export function notIntact({id, path, state}: BackupSet, backups: string): AquastreamError {
  return new AquastreamError('refused', `backup ${id} in ${backups} is ${state}, and is not overwritten`, {
    hint: `move it away, then run the command again: mv ${shellQuote(path)} ${shellQuote(`${path}.${state}`)}`,
  })
}
