import type {Problem} from '../errors.js'
import type {Profile} from './profile.js'
import type {Setting} from './settings.js'
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
  return profile === 'dev' ? undefined : weakness(setting, value)
}
