import {join, resolve} from 'node:path'
import {findValue} from '../../config/layers.js'
import type {Profile} from '../../config/profile.js'
import {findProfile, type StackRequest} from '../../engines/open.js'
import {shellQuote} from '../../system/text/shell-quote.js'

/** Selects the repository of a command. */
export interface BackupRequest extends StackRequest {
  /** The directory of `--dir`; if undefined, the setting BACKUP_DIR is used, else `backups`. */
  dir: string | undefined
}

/**
 * Returns the path of the repository of one profile, which need not exist.
 * @throws settings-unreadable, settings-invalid
 */
export async function backupRoot(request: BackupRequest): Promise<string> {
  const profile = await findProfile(request)
  const dir = request.dir ?? (await findValue({...request, profile}, 'BACKUP_DIR')) ?? 'backups'
  return join(resolve(request.directory, dir), profile)
}

/** Returns the flags that make another command use the same repository and server, quoted for a shell. */
export function sameFlags(request: {
  profile: Profile
  dir: string | undefined
  databaseUrl: string | undefined
}): string {
  const {profile, dir, databaseUrl} = request
  return [
    `--profile ${profile}`,
    ...(dir === undefined ? [] : [`--dir ${shellQuote(dir)}`]),
    ...(databaseUrl === undefined ? [] : [`--database-url ${shellQuote(databaseUrl)}`]),
  ].join(' ')
}
