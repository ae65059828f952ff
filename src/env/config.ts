import type {Layer} from '../config/layers.js'
import {examineSettings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import {type Setting, type Group, defaultOf, isGenerated} from '../config/setting.js'
import {settingsOf} from '../config/settings.js'
import type {StackContext} from '../engines/stack-context.js'
import type {Problem} from '../errors.js'
import {nearest} from '../system/text/suggest.js'

/** Shown instead of every secret, whatever its length. */
const MASK = '********'

/** The password in `scheme://user:password@host`. */
const PASSWORD_IN_URL = /(?<=^[a-z][a-z0-9+.-]*:\/\/[^/?#@:]*:)[^/?#@]+(?=@)/i

/** Describes one setting and its value; never contains a secret. */
export interface SettingRow {
  name: string
  group: Group
  about: string
  secret: boolean
  /** Null if there is no value, or if it is not valid: it could be a secret that was written to the wrong line. */
  value: string | null
  /** False if the value is not accepted. */
  valid: boolean
  /** One of `sources`, `default` or `generated on first use`; for the profile also `--profile`. Null: not set. */
  source: string | null
  /** Sources that also set it and are ignored, because an earlier one takes precedence. */
  overridden: string[]
}

/** A variable in a settings file that is not a setting. */
export interface UnknownVariable {
  name: string
  source: string
  /** The setting with a similar name. */
  suggestion: string | null
}

export interface ConfigReport {
  profile: Profile
  project: string
  /** The sources that were read, in order of precedence. */
  sources: string[]
  /** The source that holds the generated secrets. */
  generated: string | null
  settings: SettingRow[]
  unknown: UnknownVariable[]
  /** The problems for which `env:up` would fail. */
  problems: Problem[]
}

/**
 * Reports every setting with its value and the source of that value. Changes nothing: the secrets of dev are not
 * generated here.
 *
 * @throws settings-unreadable, settings-invalid: a file exists but cannot be parsed
 */
export async function explainConfig(stack: StackContext): Promise<ConfigReport> {
  const {profile} = stack
  const {settings, layers} = await examineSettings(stack)
  const made = layers.find(({generated, values}) => generated && Object.values(values).some(Boolean))
  return {
    profile,
    project: settings.project,
    sources: layers.filter(layer => !layer.generated || layer === made).map(({source}) => source),
    generated: made?.source ?? null,
    settings: settingsOf(profile).map(setting =>
      setting.name === 'AQUASTREAM_PROFILE' ? profileRow(setting, stack) : toRow(setting, layers, profile),
    ),
    unknown: layers
      .slice(1)
      .filter(({generated}) => !generated)
      .flatMap(layer => findUnknown(layer, profile)),
    problems: settings.problems,
  }
}

/** The profile is never read from a settings file, because it selects these files. */
function profileRow(setting: Setting, {profile, profileSource: source}: StackContext): SettingRow {
  return {...describe(setting), value: profile, valid: true, source, overridden: []}
}

function toRow(setting: Setting, layers: Layer[], profile: Profile): SettingRow {
  const [first, ...others] = layers.filter(({values}) => values[setting.name])
  const overridden = others.map(({source}) => source)
  const value = first?.values[setting.name] ?? defaultOf(setting, profile)
  const row = {...describe(setting), valid: true, overridden}
  if (value === undefined) {
    return {...row, value: null, source: isGenerated(setting, profile) ? 'generated on first use' : null}
  }
  const valid = setting.schema.safeParse(value).success
  const shown = setting.secret ? MASK : value.replace(PASSWORD_IN_URL, MASK)
  return {...row, value: valid || setting.secret ? shown : null, valid, source: first?.source ?? 'default'}
}

function describe({
  name,
  group,
  about,
  secret,
}: Setting): Omit<SettingRow, 'value' | 'valid' | 'source' | 'overridden'> {
  return {name, group, about, secret: secret ?? false}
}

function findUnknown({source, values}: Layer, profile: Profile): UnknownVariable[] {
  const known = settingsOf(profile).map(({name}) => name)
  return Object.keys(values)
    .filter(name => !known.includes(name))
    .map(name => ({name, source, suggestion: nearest(name, known) ?? null}))
}
