import {Flags} from '@oclif/core'
import {PROFILES} from '../config/profile.js'

/** On every command. */
export const stackFlags = {
  profile: Flags.option({
    options: PROFILES,
    description: 'which stack [default: AQUASTREAM_PROFILE, else the only running one, else dev]',
    helpGroup: 'GLOBAL',
  })(),
  'env-file': Flags.string({
    description: 'read settings from this file before .env.<profile> and .env',
    helpValue: 'PATH',
    helpGroup: 'GLOBAL',
  }),
}

/** On every command that looks into the backups. */
export const backupFlags = {
  dir: Flags.string({
    description:
      'directory of the backups [default: BACKUP_DIR, else ./backups]; each profile has its own in it',
    helpValue: 'PATH',
  }),
}

/** On every command that talks to a database server. */
export const serverFlags = {
  'database-url': Flags.string({
    description:
      'a server instead of the running stack: postgresql://user@host/database [default: DATABASE_URL]',
    helpValue: 'URL',
    noCacheDefault: true,
  }),
}
