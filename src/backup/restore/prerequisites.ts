import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Server} from '../../postgres/server.js'
import {withSession} from '../../postgres/session.js'
import {identifier} from '../../system/text/sql-quote.js'
import {checkArchive} from '../archive/read.js'
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
 * Returns the statements that create the extensions of the backup which the database lacks, and their schemas.
 * Names are quoted, because they come from a manifest.
 * @param existing names of the extensions that exist
 */
export function missingExtensions({manifest}: RestoreSource, existing: string[]): string[] {
  return (manifest?.extensions ?? [])
    .filter(({name}) => !existing.includes(name))
    .flatMap(({name, schema}) => [
      `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};`,
      `CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)};`,
    ])
}
