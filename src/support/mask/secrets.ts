import {knownDevSecrets} from '../../config/dev-secrets.js'
import {readLayers} from '../../config/layers.js'
import {PROFILES} from '../../config/profile.js'
import {SETTINGS} from '../../config/settings.js'
import type {ServiceFacts} from '../../engines/engine.js'
import type {StackRequest} from '../../engines/open.js'
import {AquastreamError} from '../../errors.js'
import {decodeUri} from '../../system/text/decode-uri.js'
import type {Secret} from './mask.js'

/** All secrets that can be known here, and the files that could not be read for them. */
export interface KnownSecrets {
  /** The first with a value gives it its name. */
  secrets: Secret[]
  unread: string[]
}

/**
 * The secrets that this stack may have written: of every source and every profile, not only of those that count now,
 * and what its services were started with, whenever that was.
 */
export async function knownSecrets(request: StackRequest, facts: ServiceFacts[]): Promise<KnownSecrets> {
  const unread: string[] = []
  const attempt = async (read: Promise<Variables[]>): Promise<Variables[]> =>
    read.catch((error: unknown) => {
      if (!(error instanceof AquastreamError)) throw error
      unread.push(error.message)
      return []
    })
  const sources = [
    ...(await attempt(generated(request))),
    ...(await Promise.all(PROFILES.map(profile => attempt(valuesOf({...request, profile}))))).flat(),
    ...facts.map(({environment}) => environment),
  ]
  const found = sources.flatMap(variables => Object.entries(variables).flatMap(secretsIn))
  const settings = found.filter(({name}) => SETTINGS.some(setting => setting.name === name))
  const names = new Map<string, string>()
  for (const {name, value} of [...settings, ...found]) if (!names.has(value)) names.set(value, name)
  return {secrets: [...names].map(([value, name]) => ({name, value})), unread: [...new Set(unread)]}
}

type Variables = Record<string, string | undefined>

async function generated({env}: StackRequest): Promise<Variables[]> {
  return [(await knownDevSecrets([], env)).values]
}

/** Whatever else is wrong with the files that set them. */
async function valuesOf(request: Parameters<typeof readLayers>[0]): Promise<Variables[]> {
  return (await readLayers(request, () => false)).map(({values}) => values)
}

/** A variable of somebody else that is called like a secret is one, if its value is no word. */
function secretsIn([name, value = '']: [string, string | undefined]): Secret[] {
  const setting = SETTINGS.find(candidate => candidate.name === name)
  const passwords = passwordsIn(value).map(password => ({name, value: password}))
  const isSecret = setting ? setting.secret : SECRET_NAME.test(name) && !NO_SECRET.test(value)
  return isSecret && value !== '' ? [{name, value}, ...passwords] : passwords
}

const SECRET_NAME = /(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|_KEY|CREDENTIALS|AUTH)$/i
const NO_SECRET = /^(?:|true|false|yes|no|on|off|none|\d{1,3}|\/.*)$/i

/** Of addresses that have one, as it is written there and as it is. */
function passwordsIn(value: string): string[] {
  const written =
    /^[\w+.:-]+:\/\/[^:@/]*:([^@]+)@/.exec(value)?.[1] ?? /[?&]password=([^&]+)/.exec(value)?.[1]
  return written === undefined ? [] : [written, decodeUri(written)]
}
