import {join, resolve} from 'node:path'
import {findValue} from '../../config/layers.js'
import type {Profile} from '../../config/profile.js'
import {findProfile, type StackRequest} from '../../engines/open.js'
import {shellQuote} from '../../system/text/shell-quote.js'

/** Where to look for the backups of a command. */
export interface BackupRequest extends StackRequest {
  /** The directory of `--dir`; else BACKUP_DIR, else `backups`. */
  dir: string | undefined
}

/** The directory of the sets of one profile; it need not exist. */
export async function backupRoot(request: BackupRequest): Promise<string> {
  const profile = await findProfile(request)
  const dir = request.dir ?? (await findValue({...request, profile}, 'BACKUP_DIR')) ?? 'backups'
  return join(resolve(request.directory, dir), profile)
}

/** The flags that lead another command to the same backups and the same server, to be typed in a shell. */
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
