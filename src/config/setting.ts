import type {z} from 'zod'
import type {Profile} from './profile.js'

export type Group =
  | 'profile'
  | 'secrets'
  | 'third parties'
  | 'database and storage'
  | 'backups'
  | 'network'
  | 'images'
  | 'limits'

/** A variable: what it may be, and what people are told about it. */
export interface Setting {
  name: string
  schema: z.ZodType<string>
  group: Group
  about: string
  secret?: true
  /** The value when nobody says otherwise; the compose file has the same one. */
  default?: string
  /** The value in dev, where it differs. */
  devDefault?: string
  /** Where its absence is an error; it has no default then. In dev, a needed secret is generated. */
  neededIn?: readonly Profile[]
  /** The address of a third party: secrets go there, and money depends on it. */
  thirdParty?: true
  /** The profile that has what it concerns; the others ignore it. */
  onlyIn?: Profile
  /** The db commands alone read it; the compose file has no such variable. */
  readBy?: 'cli'
}

/** The value of a variable that nobody has set. */
export function defaultOf(setting: Setting, profile: Profile): string | undefined {
  return (profile === 'dev' ? setting.devDefault : undefined) ?? setting.default
}

/** Whether it is a secret that is made on first use when nobody has set it. */
export function isGenerated({secret, neededIn}: Setting, profile: Profile): boolean {
  return profile === 'dev' && secret === true && (neededIn?.includes('dev') ?? false)
}
