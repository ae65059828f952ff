import type {Problem} from '../errors.js'
import type {Profile} from './profile.js'
import type {Setting} from './setting.js'
import {MOCKS_HOST} from './settings.js'
import {weakness} from './strength.js'

/**
 * What a value is refused for. It is not part of the message: it may be a secret, or one that landed in the wrong
 * line.
 * @param source where it was found, in words
 */
export function findFault(
  setting: Setting,
  {value, source}: {value: string; source: string},
  profile: Profile,
): Problem | undefined {
  if (setting.name === 'AQUASTREAM_PROFILE') return undefined
  const parsed = setting.schema.safeParse(value)
  if (!parsed.success) {
    return {
      code: 'settings-invalid',
      message: `${setting.name} in ${source} ${parsed.error.issues[0]?.message}`,
      hint: `correct ${setting.name}: ${setting.about}`,
    }
  }
  if (profile === 'dev') return undefined
  return weakness(setting, value) ?? exposure(setting, {value, source}, profile)
}

/** Stage and prod have real secrets, and take real money. */
function exposure(
  {name, thirdParty, default: real}: Setting,
  {value, source}: {value: string; source: string},
  profile: Profile,
): Problem | undefined {
  if (!thirdParty) return undefined
  const {protocol, hostname} = new URL(value)
  const problem = (fault: string): Problem => ({
    code: 'settings-invalid',
    message: `${name} in ${source} ${fault}`,
    hint: `leave ${name} out, or set ${name}=${real}`,
  })
  if (hostname === MOCKS_HOST) return problem('leads to the mocks, which only dev has: nothing there is real')
  if (protocol === 'https:') return undefined
  return problem(`must begin with https:// in ${profile}: its secret would cross the network in clear text`)
}
