import type {Layer} from '../config/layers.js'
import {examineSettings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import {type Setting, type Group, defaultOf, isGenerated} from '../config/setting.js'
import {settingsOf} from '../config/settings.js'
import {findProfile, type StackRequest} from '../engines/open.js'
import type {Problem} from '../errors.js'
import {nearest} from '../system/text/suggest.js'

/** What is shown in the place of every secret, however long it is. */
const MASK = '********'

/** Between the user and the @ of `scheme://user:password@host`. */
const PASSWORD_IN_URL = /(?<=^[a-z][a-z0-9+.-]*:\/\/[^/?#@:]*:)[^/?#@]+(?=@)/i

/** What is known of one variable; a secret is never in it. */
export interface SettingRow {
  name: string
  group: Group
  about: string
  secret: boolean
  /** Null when it has none, and when it is not valid: what landed in the wrong line may be a secret. */
  value: string | null
  /** False when something is set that the variable may not be. */
  valid: boolean
  /** One of `sources`, or `default`, `generated on first use`; for the profile also `--profile`. Null: not set. */
  source: string | null
  /** Places that set it too and count for nothing, since an earlier one does. */
  overridden: string[]
}

/** A variable of a file that nothing here reads. */
export interface UnknownVariable {
  name: string
  source: string
  /** The setting that it resembles. */
  suggestion: string | null
}

export interface ConfigReport {
  profile: Profile
  project: string
  /** The places that were read, in the order in which they count. */
  sources: string[]
  /** The one of them that holds the secrets made on first use. */
  generated: string | null
  settings: SettingRow[]
  unknown: UnknownVariable[]
  /** What `env:up` would refuse. */
  problems: Problem[]
}

/**
 * Every setting with its value and where that came from. Looking changes nothing: secrets of dev that are not
 * made yet are not made here either.
 *
 * @throws settings-unreadable, settings-invalid: a file that is there but cannot be understood
 */
export async function explainConfig(request: StackRequest): Promise<ConfigReport> {
  const profile = await findProfile(request)
  const {settings, layers} = await examineSettings({...request, profile})
  const made = layers.find(({generated, values}) => generated && Object.values(values).some(Boolean))
  return {
    profile,
    project: settings.project,
    sources: layers.filter(layer => !layer.generated || layer === made).map(({source}) => source),
    generated: made?.source ?? null,
    settings: settingsOf(profile).map(setting =>
      setting.name === 'AQUASTREAM_PROFILE'
        ? profileRow(setting, profile, request)
        : toRow(setting, layers, profile),
    ),
    unknown: layers
      .slice(1)
      .filter(({generated}) => !generated)
      .flatMap(layer => findUnknown(layer, profile)),
    problems: settings.problems,
  }
}

/** No file chooses the profile: it is what files are chosen by. */
function profileRow(setting: Setting, profile: Profile, {profile: asked, env}: StackRequest): SettingRow {
  const given = env[setting.name] === asked ? 'the environment' : '--profile'
  const found = profile === 'dev' ? 'default' : 'the stack that runs'
  const source = asked === undefined ? found : given
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
