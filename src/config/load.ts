import {fileURLToPath} from 'node:url'
import type {Problem} from '../errors.js'
import {didYouMean, nearest} from '../system/text/suggest.js'
import {findFault} from './check.js'
import {devSecrets, knownDevSecrets} from './dev-secrets.js'
import {type Layer, projectName, requireWellFormed} from './layers.js'
import type {Profile} from './profile.js'
import {defaultOf, isGenerated} from './setting.js'
import {SETTINGS, settingsOf} from './settings.js'

/** All settings of one command. */
export interface Settings {
  profile: Profile
  /** The project name, which separates this stack from every other stack on the machine. */
  project: string
  /** Every variable that has a value, including defaults. */
  values: Readonly<Record<string, string>>
  /** The source of each variable that is set, such as `.env.stage` or `the environment`; defaults have none. */
  sources: Readonly<Record<string, string>>
  /** Problems that prevent a start; commands that only read or stop a stack ignore them. */
  problems: Problem[]
  /** Warnings, which do not prevent a start. */
  notices: string[]
  /** The file of generated secrets and the names of those in use; undefined when none is in use. */
  generated: {path: string; names: string[]} | undefined
}

/** The sources of the settings of one profile. */
export interface SettingsSources {
  profile: Profile
  /** The file of `--env-file`. */
  envFile: string | undefined
  env: NodeJS.ProcessEnv
  layers: Layer[]
}

/**
 * Determines the settings. For each variable the first source that sets it takes precedence: the environment,
 * `--env-file`, `.env.<profile>`, `.env`, and in dev the generated secrets.
 *
 * @throws settings-unreadable, settings-invalid, state-directory
 */
export async function loadSettings(sources: SettingsSources): Promise<Settings> {
  return toSettings(await addGenerated(sources, devSecrets), sources)
}

/**
 * Determines the settings without generating secrets. Also returns the sources, in order of precedence.
 * @throws settings-unreadable, settings-invalid
 */
export async function examineSettings(
  sources: SettingsSources,
): Promise<{settings: Settings; layers: Layer[]}> {
  const layers = await addGenerated(sources, knownDevSecrets)
  return {settings: toSettings(layers, sources), layers}
}

/** Generated secrets have the lowest precedence, and are read only when at least one is not set elsewhere. */
async function addGenerated(
  {profile, env, layers}: SettingsSources,
  generate: typeof devSecrets,
): Promise<Layer[]> {
  requireWellFormed(
    layers,
    (name, {isShared}) => !isShared || SETTINGS.some(setting => setting.name === name),
  )
  const generated = SETTINGS.filter(setting => isGenerated(setting, profile))
  if (generated.every(({name}) => layers.some(({values}) => values[name]))) return layers
  const {path, values} = await generate(env, generated)
  const unset = generated.filter(({name}) => !layers.some(layer => layer.values[name]))
  const ours = Object.fromEntries(unset.map(({name}) => [name, values[name]]))
  return [...layers, {source: path, values: ours, generated: true}]
}

function toSettings(layers: Layer[], {profile, envFile}: SettingsSources): Settings {
  const [, ...files] = layers
  const made = layers.find(({generated}) => generated)
  const found = pick(layers, profile)
  const values = Object.fromEntries(
    settingsOf(profile).flatMap(setting => {
      const value = found.get(setting.name)?.value ?? defaultOf(setting, profile)
      return value === undefined ? [] : [[setting.name, value]]
    }),
  )
  return {
    profile,
    project: projectName(values.AQUASTREAM_PROJECT, profile),
    values: {...values, AQUASTREAM_PROFILE: profile},
    sources: Object.fromEntries([...found].map(([name, {source}]) => [name, source])),
    problems: [...missing(layers, profile, envFile), ...findFaults(found, profile), ...samePorts(values)],
    notices: files.flatMap(suspiciousNames),
    generated: made && {path: made.source, names: Object.keys(made.values)},
  }
}

/** Shipped with the package. */
const EXAMPLE = fileURLToPath(new URL('../../.env.example', import.meta.url))

type ValuesFound = Map<string, {value: string; source: string}>

/** An empty value counts as not set, as in the Compose file. */
function pick(layers: Layer[], profile: Profile): ValuesFound {
  const found: ValuesFound = new Map()
  for (const {name} of settingsOf(profile)) {
    const layer = layers.find(({values}) => values[name])
    if (layer) found.set(name, {value: layer.values[name]!, source: layer.source})
  }
  return found
}

function missing(layers: Layer[], profile: Profile, envFile: string | undefined): Problem[] {
  const needed = SETTINGS.filter(
    setting => setting.neededIn?.includes(profile) && !isGenerated(setting, profile),
  )
  const names = needed.map(({name}) => name).filter(name => !layers.some(({values}) => values[name]))
  if (names.length === 0) return []
  const file = envFile ?? `.env.${profile}`
  const [are, them] = names.length === 1 ? ['is', 'it'] : ['are', 'them']
  return [
    {
      code: 'settings-missing',
      message: `${names.join(', ')} ${are} not set`,
      hint: layers.some(({source}) => source === file)
        ? `set ${them} in ${file}; ${EXAMPLE} describes each variable`
        : `create ${file}: aquastream env:init --profile ${profile}`,
    },
  ]
}

function findFaults(found: ValuesFound, profile: Profile): Problem[] {
  return SETTINGS.flatMap(setting => {
    const entry = found.get(setting.name)
    return (entry && findFault(setting, entry, profile)) ?? []
  })
}

function samePorts(values: Record<string, string>): Problem[] {
  const owners = new Map<string, string[]>()
  for (const {name, group} of SETTINGS) {
    const value = values[name]
    if (group !== 'network' || !value || name === 'BIND') continue
    owners.set(value, [...(owners.get(value) ?? []), name])
  }
  return [...owners]
    .filter(([, names]) => names.length > 1)
    .map(([port, names]) => ({
      code: 'settings-invalid',
      message: `${names.join(' and ')} are set to the same port ${port}`,
      hint: 'set a different port for each service',
    }))
}

/** A misspelt variable would be ignored silently. Names that resemble no setting belong to other programs. */
function suspiciousNames({source, values}: Layer): string[] {
  const known = SETTINGS.map(({name}) => name)
  return Object.keys(values).flatMap(name => {
    const near = known.includes(name) ? undefined : nearest(name, known)
    return near ? [`unused variable in ${source}: ${name}; ${didYouMean(near)}`] : []
  })
}
