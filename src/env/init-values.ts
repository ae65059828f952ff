import {findFault} from '../config/check.js'
import type {Profile} from '../config/profile.js'
import type {Setting} from '../config/setting.js'
import {quote} from '../config/settings-file.js'
import {SETTINGS} from '../config/settings.js'
import type {Problem} from '../errors.js'
import {didYouMean, nearest} from '../system/text/suggest.js'
import {quoteTyped} from '../system/text/typed.js'

/** Values given by the user, by name, each with its source. */
export type Given = Map<string, {value: string; source: string}>

/**
 * Reads `NAME=VALUE` arguments and, for settings that the profile requires, the environment. An argument takes
 * precedence.
 * @returns the values, and every problem with them
 */
export function readGiven(
  {set, env}: {set: string[]; env: NodeJS.ProcessEnv},
  profile: Profile,
): {given: Given; problems: Problem[]} {
  const given: Given = new Map()
  for (const {name} of SETTINGS.filter(({neededIn}) => neededIn?.includes(profile))) {
    const value = env[name]
    if (value) given.set(name, {value, source: 'the environment'})
  }
  const refused = set.flatMap(text => {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? []
    const problem = refuseArgument(name, profile)
    if (!problem) given.set(name, {value, source: '--set'})
    return problem ?? []
  })
  const faults = [...given].flatMap(([name, entry]) => {
    const setting = SETTINGS.find(candidate => candidate.name === name)!
    return refuseValue(setting, entry, profile) ?? []
  })
  return {given, problems: [...refused, ...faults]}
}

/** A question about a setting that cannot be generated. */
export interface SettingQuestion extends Pick<Setting, 'name' | 'about'> {
  /** The value is not shown while it is typed. */
  secret: boolean
  /** Returns why a value cannot be used, or undefined. */
  validate: (value: string) => string | undefined
}

/** Returns the question about a setting of a profile. */
export function questionFor(setting: Setting, profile: Profile): SettingQuestion {
  const {name, about, secret = false} = setting
  const validate = (value: string): string | undefined =>
    refuseValue(setting, {value, source: 'the answer'}, profile)?.message
  return {name, about, secret, validate}
}

/** Returns why a value cannot be written to a settings file, or undefined. The message never contains the value. */
function refuseValue(
  setting: Setting,
  entry: {value: string; source: string},
  profile: Profile,
): Problem | undefined {
  const fault = findFault(setting, entry, profile)
  if (fault || quote(entry.value) !== undefined) return fault
  return {
    code: 'settings-invalid',
    message: `${setting.name} in ${entry.source} contains a control character, ends with \\, or combines ' with one of $ " \\ \``,
    hint: 'choose another value: dotenv, Docker Compose and sh would read this one differently',
  }
}

/** Secrets are not accepted as arguments: every user of the machine can read the arguments of a process. */
function refuseArgument(name: string, profile: Profile): Problem | undefined {
  const setting = SETTINGS.find(candidate => candidate.name === name)
  if (!setting) return unknownName(name)
  if (setting.secret) {
    return {
      code: 'refused',
      message: `${name} is a secret and cannot be set by --set: every user of this machine can read command-line arguments`,
      hint: `remove this argument: ${setting.group === 'secrets' ? 'aquastream generates the value' : 'the command prompts for it, or reads it from the environment'}`,
    }
  }
  if (setting.onlyIn && setting.onlyIn !== profile) {
    return {
      code: 'usage',
      message: `${name} is used only in ${setting.onlyIn}`,
      hint: `remove it: ${profile} has no mocks`,
    }
  }
  if (name !== 'AQUASTREAM_PROFILE') return undefined
  return {code: 'usage', message: 'the profile cannot be set by --set', hint: 'use --profile instead'}
}

function unknownName(name: string): Problem {
  if (name === '') {
    return {code: 'usage', message: '--set requires NAME=VALUE', hint: 'for example --set GATEWAY_PORT=18080'}
  }
  const near = nearest(
    name,
    SETTINGS.map(each => each.name),
  )
  return {
    code: 'usage',
    message: `unknown setting ${quoteTyped(name)}`,
    hint: `${near ? `${didYouMean(near)} ` : ''}aquastream env:config lists all settings`,
  }
}
