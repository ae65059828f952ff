import type * as z from '../system/zod.js'
import type {Profile} from './profile.js'

export type Group =
  | 'profile'
  | 'secrets'
  | 'third parties'
  | 'database and storage'
  | 'backups'
  | 'off-site'
  | 'network'
  | 'images'
  | 'limits'

/** One setting: its name, its accepted values and its description. */
export interface Setting {
  name: string
  schema: z.ZodType<string>
  group: Group
  about: string
  secret?: true
  /** The default value; the Compose file has the same one. */
  default?: string
  /** The default in dev, where it differs. */
  devDefault?: string
  /** The profiles that require it; a required setting has no default. In dev a required secret is generated. */
  neededIn?: readonly Profile[]
  /** The URL of a third party, which receives secrets and payments. */
  thirdParty?: true
  /** The only profile that uses it; the others ignore it. */
  onlyIn?: Profile
  /** Read only by commands; the Compose file does not use it. */
  readBy?: 'cli'
}

/** Returns the default of a setting in a profile, or undefined. */
export function defaultOf(setting: Setting, profile: Profile): string | undefined {
  return (profile === 'dev' ? setting.devDefault : undefined) ?? setting.default
}

/** Returns whether a setting is a secret that is generated on first use when it is not set. */
export function isGenerated({secret, neededIn}: Setting, profile: Profile): boolean {
  return profile === 'dev' && secret === true && (neededIn?.includes('dev') ?? false)
}
