import {usualVariables} from '../../system/program.js'
import type {OffsiteSettings} from '../settings.js'

/**
 * Returns the secrets and settings of restic as variables. restic prefers some variables of the shell, such as
 * RESTIC_PASSWORD_COMMAND, to the ones given here, so nothing else that restic reads may be in its environment.
 * https://restic.readthedocs.io/en/stable/040_backup.html#environment-variables
 */
export function resticVariables({repository, password, s3}: OffsiteSettings): Record<string, string> {
  const variables = {
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD: password,
    // Without a terminal, restic shows no progress unless this is set.
    RESTIC_PROGRESS_FPS: '1',
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    AWS_DEFAULT_REGION: s3.region,
  }
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** Selects the variables of the shell that say how restic reaches the network. */
export function networkVariables(): NodeJS.ProcessEnv {
  return select(/^(?:HTTPS?_PROXY|NO_PROXY)$/i)
}

/** Selects the variables of the shell that restic on this machine gets: also those of an SSH agent. */
export function machineVariables(): NodeJS.ProcessEnv {
  return {...usualVariables(), ...networkVariables(), ...select(/^SSH_AUTH_SOCK$/)}
}

function select(wanted: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name)))
}
