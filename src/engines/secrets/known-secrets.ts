import {parseDatabaseUrl} from '../../config/database-url/database-url.js'
import {knownDevSecrets} from '../../config/dev-secrets.js'
import type {SettingsFiles} from '../../config/layers.js'
import {type Profile, PROFILES} from '../../config/profile.js'
import {SETTINGS} from '../../config/settings.js'
import type {ServiceFacts} from '../engine.js'
import type {StackContext} from '../stack-context.js'
import {AquastreamError} from '../../errors.js'
import {decodeUri} from '../../system/text/decode-uri.js'
import type {Secret} from '../../system/mask/mask.js'

/** All known secrets, and the reasons why settings files could not be read for secrets. */
export interface KnownSecrets {
  /** A value that has several names gets the first one. */
  secrets: Secret[]
  unread: string[]
}

/**
 * Collects the secrets that may occur in the logs of a stack: those of every source and every profile, including
 * overridden ones, and those with which the services were started.
 */
export async function knownSecrets(
  {env, files}: Pick<StackContext, 'env' | 'files'>,
  facts: ServiceFacts[],
): Promise<KnownSecrets> {
  const unread: string[] = []
  const attempt = async (read: Promise<Variables[]>): Promise<Variables[]> =>
    read.catch((error: unknown) => {
      if (!(error instanceof AquastreamError)) throw error
      unread.push(error.message)
      return []
    })
  const sources = [
    ...(await attempt(generated(env))),
    ...(await Promise.all(PROFILES.map(profile => attempt(valuesOf(files, profile))))).flat(),
    ...facts.map(({environment}) => environment),
  ]
  const found = sources.flatMap(variables => Object.entries(variables).flatMap(secretsIn))
  const settings = found.filter(({name}) => SETTINGS.some(setting => setting.name === name))
  const names = new Map<string, string>()
  for (const {name, value} of [...settings, ...found]) if (!names.has(value)) names.set(value, name)
  return {secrets: [...names].map(([value, name]) => ({name, value})), unread: [...new Set(unread)]}
}

type Variables = Record<string, string | undefined>

async function generated(env: NodeJS.ProcessEnv): Promise<Variables[]> {
  return [(await knownDevSecrets(env)).values]
}

async function valuesOf(files: SettingsFiles, profile: Profile): Promise<Variables[]> {
  return (await files.layersOf(profile)).map(({values}) => values)
}

/** A variable that is not a setting is a secret if its name says so and its value is not a common word. */
function secretsIn([name, value = '']: [string, string | undefined]): Secret[] {
  const setting = SETTINGS.find(candidate => candidate.name === name)
  const passwords = [...passwordsIn(value), ...databasePasswords(name, value)].map(password => ({
    name,
    value: password,
  }))
  const isSecret = setting ? setting.secret : SECRET_NAME.test(name) && !NO_SECRET.test(value)
  return isSecret && value !== '' ? [{name, value}, ...passwords] : passwords
}

const SECRET_NAME = /(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|_KEY|CREDENTIALS|AUTH)$/i
const NO_SECRET = /^(?:|true|false|yes|no|on|off|none|\d{1,3}|\/.*)$/i

/** DATABASE_URL may have secrets in any of its parameters, and quotes around it. */
function databasePasswords(name: string, value: string): string[] {
  if (name !== 'DATABASE_URL') return []
  try {
    return parseDatabaseUrl(value).secrets
  } catch {
    return []
  }
}

/** Returns the password in a URL, both as written and URL-decoded. */
function passwordsIn(value: string): string[] {
  const written =
    /^[\w+.:-]+:\/\/[^:@/]*:([^@]+)@/.exec(value)?.[1] ?? /[?&]password=([^&]+)/.exec(value)?.[1]
  return written === undefined ? [] : [written, decodeUri(written)]
}
