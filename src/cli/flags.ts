import {Flags} from '@oclif/core'
import {PROFILES} from '../config/profile.js'

/** On every command. */
export const stackFlags = {
  profile: Flags.option({
    options: PROFILES,
    env: 'AQUASTREAM_PROFILE',
    description: 'which stack [default: the only running one, else dev]',
    helpGroup: 'GLOBAL',
  })(),
  'env-file': Flags.string({
    description: 'read settings from this file before .env.<profile> and .env',
    helpValue: 'PATH',
    helpGroup: 'GLOBAL',
  }),
}
