import type {Problem} from '../errors.js'
import type {Profile} from './profile.js'
import type {Setting} from './setting.js'
import {MOCKS_HOST} from './settings.js'
import {weakness} from './strength.js'

/**
 * Returns why a value is rejected, or undefined when it is accepted. The message never contains the value: it may be
 * a secret, or a secret that was written to the wrong line.
 * @param source where the value was set, as messages name it
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

/** Stage and prod use real secrets and real payments, so third parties must be real and encrypted. */
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
    hint: `remove ${name}, or set ${name}=${real}`,
  })
  if (hostname === MOCKS_HOST) return problem('points to the mocks, which exist only in dev')
  if (protocol === 'https:') return undefined
  return problem(`must start with https:// in ${profile}, so that its secret is not sent in clear text`)
}
