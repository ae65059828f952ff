import {Flags} from '@oclif/core'
import {PROFILES} from '../config/profile.js'

/** On every command. */
export const stackFlags = {
  profile: Flags.option({
    options: PROFILES,
    description: 'which stack [default: AQUASTREAM_PROFILE, else the only running one, else dev]',
    helpGroup: 'GLOBAL',
  })(),
  'env-file': Flags.string({
    description: 'read settings from this file before .env.<profile> and .env',
    helpValue: 'PATH',
    helpGroup: 'GLOBAL',
  }),
}
