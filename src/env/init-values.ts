import {findFault} from '../config/check.js'
import type {Profile} from '../config/profile.js'
import type {Setting} from '../config/setting.js'
import {quote} from '../config/settings-file.js'
import {SETTINGS} from '../config/settings.js'
import type {Problem} from '../errors.js'
import {nearest} from '../system/text/suggest.js'

/** Values that somebody gave, by name, each with where it was given. */
export type Given = Map<string, {value: string; source: string}>

/**
 * Reads `NAME=VALUE` arguments and, for what the profile needs, the environment; an argument wins.
 * @returns what was given, and everything that is wrong with it
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

/** A value that only a person knows. */
export interface SettingQuestion extends Pick<Setting, 'name' | 'about'> {
  /** Nobody may see it while it is typed. */
  secret: boolean
  /** Why a value cannot be used; nothing when it can. */
  validate: (value: string) => string | undefined
}

/** The question that asks for a setting of a profile. */
export function questionFor(setting: Setting, profile: Profile): SettingQuestion {
  const {name, about, secret = false} = setting
  const validate = (value: string): string | undefined =>
    refuseValue(setting, {value, source: 'the answer'}, profile)?.message
  return {name, about, secret, validate}
}

/** What keeps a value out of a settings file; its text is not part of the answer. */
function refuseValue(
  setting: Setting,
  entry: {value: string; source: string},
  profile: Profile,
): Problem | undefined {
  const fault = findFault(setting, entry, profile)
  if (fault || quote(entry.value) !== undefined) return fault
  return {
    code: 'settings-invalid',
    message: `${setting.name} in ${entry.source} has a control character, \\ at its end, or ' beside one of $ " \\ \``,
    hint: 'choose another value: dotenv, Docker Compose and sh would not all read this one the same',
  }
}

/** Every user of the machine can read arguments, so no secret is taken from them. */
function refuseArgument(name: string, profile: Profile): Problem | undefined {
  const setting = SETTINGS.find(candidate => candidate.name === name)
  if (!setting) return unknownName(name)
  if (setting.secret) {
    return {
      code: 'refused',
      message: `${name} is a secret, and every user of this machine can read arguments`,
      hint: `leave it out: ${setting.group === 'secrets' ? 'it is generated' : 'it is asked for, or taken from the environment'}`,
    }
  }
  if (setting.onlyIn && setting.onlyIn !== profile) {
    return {
      code: 'usage',
      message: `${name} is a setting of ${setting.onlyIn} alone`,
      hint: `leave it out: ${profile} has no mocks`,
    }
  }
  if (name !== 'AQUASTREAM_PROFILE') return undefined
  return {code: 'usage', message: 'the profile is not a value to set', hint: 'choose it by --profile'}
}

function unknownName(name: string): Problem {
  if (name === '') {
    return {code: 'usage', message: '--set takes NAME=VALUE', hint: 'such as --set GATEWAY_PORT=18080'}
  }
  const near = nearest(
    name,
    SETTINGS.map(each => each.name),
  )
  return {
    code: 'usage',
    message: `there is no setting ${JSON.stringify(name)}`,
    hint: `${near ? `did you mean ${near}? ` : ''}aquastream env:config lists all`,
  }
}
