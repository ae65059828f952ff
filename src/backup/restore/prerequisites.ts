import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Server} from '../../postgres/server.js'
import {withSession} from '../../postgres/session.js'
import {checkArchive} from '../archive/read.js'
import type {Manifest} from '../repository/manifest.js'
import {missingRoles} from './roles.js'
import type {RestoreSource} from './source.js'

/** The result of `findRoles` when no role is missing. */
export const NO_ROLES = {roles: [] as string[], statements: [] as string[]}

/**
 * Finds the roles of the backup that the server lacks, and the statements that create them.
 * @throws archive-damaged, database-unreachable; SqlError
 */
export async function findRoles(
  {manifest, directory}: RestoreSource,
  server: Server,
): Promise<{roles: string[]; statements: string[]}> {
  if (!manifest) return NO_ROLES
  const {file, sha256, bytes} = manifest.globals
  const path = join(directory, file)
  await checkArchive({path, sha256, bytes})
  return withSession(server, {application: 'aquastream db:restore'}, async session =>
    missingRoles(
      await readFile(path),
      await session.json<string[]>('SELECT json_agg(rolname) FROM pg_roles'),
    ),
  )
}

/**
 * Returns the extensions of the backup that the database lacks, without those that are in an archive.
 * @param existing names of the extensions that exist
 */
export function missingExtensions({manifest}: RestoreSource, existing: string[]): Manifest['extensions'] {
  return (manifest?.extensions ?? []).filter(({name}) => !existing.includes(name))
}
