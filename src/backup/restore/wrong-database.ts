import {dirname} from 'node:path'
import {AquastreamError} from '../../errors.js'
import type {Session} from '../../postgres/session.js'
import type {RestoreSource, SourceRequest} from './source.js'

/**
 * Returns the database of the backup if it is not the database of the session: several databases can share a
 * repository.
 * @throws SqlError; database-unreachable
 */
export async function findOther(session: Session, {manifest}: RestoreSource): Promise<string | undefined> {
  const current = await session.json<string>('SELECT to_json(current_database())')
  return manifest?.server.database === current ? undefined : manifest?.server.database
}

/**
 * Refuses a backup of another database unless it was selected by ID or path.
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
    `the newest backup in ${dirname(directory)}, ${set?.id}, is a backup of another database: ${database}`,
    {hint: 'select a backup with --from; list the backups: aquastream db:list'},
  )
}
