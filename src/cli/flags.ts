import {Errors, Flags} from '@oclif/core'
import {expandHome} from '../config/expand-home.js'
import {PROFILES} from '../config/profile.js'

/** A flag whose value is a path. A leading `~` is the home directory: a shell does not replace it in `--flag=~/path`. */
export const pathFlag = Flags.custom({
  helpValue: 'PATH',
  async parse(path) {
    try {
      return expandHome(path)
    } catch (error) {
      // The parser changes the message of an error; only errors of its own class are converted afterwards.
      throw new Errors.CLIError(error as Error)
    }
  },
})

/** Flags of every command. */
export const stackFlags = {
  profile: Flags.option({
    options: PROFILES,
    description:
      'profile of the stack [default: AQUASTREAM_PROFILE, else the only running profile, else dev]',
    helpGroup: 'GLOBAL',
  })(),
  'env-file': pathFlag({
    description: 'settings file that takes precedence over .env.<profile> and .env',
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
  dir: pathFlag({
    description: 'directory that holds one repository per profile [default: BACKUP_DIR, else ./backups]',
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

/**
 * Returns the flags of every command that applies a retention policy.
 * @param defaults the numbers of the policy without flags
 */
export function keepFlags(defaults: {daily: number; weekly: number; monthly: number}) {
  return {
    'keep-daily': keepFlag('days', defaults.daily),
    'keep-weekly': keepFlag('ISO weeks', defaults.weekly),
    'keep-monthly': keepFlag('months', defaults.monthly),
  }
}

/** Returns the retention policy that these flags give. */
export function toPolicy(flags: Record<keyof ReturnType<typeof keepFlags>, number>) {
  return {daily: flags['keep-daily'], weekly: flags['keep-weekly'], monthly: flags['keep-monthly']}
}

function keepFlag(period: string, usual: number) {
  return Flags.integer({
    description: `keep the newest backup of each of the last N ${period} that have one`,
    default: usual,
    min: 0,
    helpValue: 'N',
  })
}
