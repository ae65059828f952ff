import {Flags} from '@oclif/core'
import {PROFILES} from '../config/profile.js'

/** Flags of every command. */
export const stackFlags = {
  profile: Flags.option({
    options: PROFILES,
    description:
      'profile of the stack [default: AQUASTREAM_PROFILE, else the only running profile, else dev]',
    helpGroup: 'GLOBAL',
  })(),
  'env-file': Flags.string({
    description: 'settings file that takes precedence over .env.<profile> and .env',
    helpValue: 'PATH',
    helpGroup: 'GLOBAL',
  }),
}

/** Flags of every command that waits for services. */
export const waitFlags = {
  timeout: Flags.integer({
    description: 'seconds to wait until all services are healthy',
    default: 300,
    min: 1,
    max: 86_400,
    helpValue: 'SECONDS',
  }),
}

/** Flags of every command that uses backups. */
export const backupFlags = {
  dir: Flags.string({
    description: 'directory that holds one repository per profile [default: BACKUP_DIR, else ./backups]',
    helpValue: 'PATH',
  }),
}

/** Flags of every command that connects to a database server. */
export const serverFlags = {
  'database-url': Flags.string({
    description:
      'server to use instead of the running stack: postgresql://user@host/database [default: DATABASE_URL]',
    helpValue: 'URL',
    noCacheDefault: true,
  }),
}
