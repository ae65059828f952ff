import {join, resolve} from 'node:path'
import {findValue} from '../config/layers.js'
import {findProfile, type StackRequest} from '../engines/open.js'

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
