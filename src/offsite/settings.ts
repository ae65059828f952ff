import {resolve} from 'node:path'
import {findFault} from '../config/check.js'
import {expandHome} from '../config/expand-home.js'
import {valueOf} from '../config/layers.js'
import {SETTINGS} from '../config/settings.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {withoutSecrets} from './restic/secrets.js'

/** The settings of the off-site repository. */
export interface OffsiteSettings {
  /** In the syntax of restic; it can contain a password. */
  repository: string
  /** The repository without a password, for messages. */
  name: string
  password: string
  s3: {accessKey: string | undefined; secretKey: string | undefined; region: string | undefined}
  /** Absolute paths. */
  ssh: {keyFile: string | undefined; knownHostsFile: string | undefined}
  /** Milliseconds without progress after which a push is ended. */
  stallMs: number
  /** The image of restic. */
  image: string
}

/**
 * Reads the settings of the off-site repository of a stack.
 * @throws settings-missing, settings-invalid, placeholder-secret
 */
export function readOffsiteSettings(stack: StackContext): OffsiteSettings {
  const optional = (name: string): string | undefined => read(stack, name)
  const path = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : resolve(stack.directory, expandHome(text))
  const given = required(stack, 'OFFSITE_REPOSITORY', 'for example OFFSITE_REPOSITORY=s3:https://host/bucket')
  const repository = /^[a-z0-9]+:/.test(given) ? given : path(given)!
  return {
    repository,
    name: withoutSecrets(repository),
    password: required(
      stack,
      'OFFSITE_PASSWORD',
      'openssl rand -hex 32 generates one; keep a copy of the file on another machine, because the repository cannot be read without it',
    ),
    s3: {
      accessKey: optional('OFFSITE_S3_ACCESS_KEY'),
      secretKey: optional('OFFSITE_S3_SECRET_KEY'),
      region: optional('OFFSITE_S3_REGION'),
    },
    ssh: {
      keyFile: path(optional('OFFSITE_SSH_KEY_FILE')),
      knownHostsFile: path(optional('OFFSITE_SSH_KNOWN_HOSTS_FILE')),
    },
    image: optional('RESTIC_IMAGE') ?? `${optional('IMAGE_PREFIX') ?? ''}restic/restic`,
    stallMs: Number(optional('OFFSITE_TIMEOUT') ?? settingOf('OFFSITE_TIMEOUT').default) * 1000,
  }
}

function required(stack: StackContext, name: string, how: string): string {
  const value = read(stack, name)
  if (value !== undefined) return value
  throw new AquastreamError('settings-missing', `${name} is not set`, {
    hint: `set it in ${stack.settingsFile}: ${how}`,
  })
}

function read(stack: StackContext, name: string): string | undefined {
  const value = valueOf(stack.layers, name)
  if (value === undefined) return undefined
  const source = stack.layers.find(({values}) => values[name])!.source
  const fault = findFault(settingOf(name), {value, source}, stack.profile)
  if (fault) throw new AquastreamError(fault.code, fault.message, {hint: fault.hint})
  return value
}

function settingOf(name: string) {
  return SETTINGS.find(setting => setting.name === name)!
}
