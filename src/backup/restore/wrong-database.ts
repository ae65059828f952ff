import {dirname} from 'node:path'
import {AquastreamError} from '../../errors.js'
import type {Session} from '../../postgres/session.js'
import type {RestoreSource, SourceRequest} from './source.js'

/** Of two databases that share a directory: the one of the backup, when it is not that of the session. */
export async function findOther(session: Session, {manifest}: RestoreSource): Promise<string | undefined> {
  const current = await session.json<string>('SELECT to_json(current_database())')
  return manifest?.server.database === current ? undefined : manifest?.server.database
}

/**
 * Somebody who names no backup means one of the database that is restored.
 * @throws refused
 */
export function refuseUnlessNamed(
  {file, from, at}: SourceRequest,
  {set, directory}: RestoreSource,
  database: string,
): void {
  if (file !== undefined || (from !== 'latest' && at === undefined)) return
  throw new AquastreamError(
    'refused',
    `the newest backup in ${dirname(directory)}, ${set?.id}, is of another database: ${database}`,
    {hint: 'name the one that you mean with --from; see which there are: aquastream db:list'},
  )
}
