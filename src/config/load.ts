import {fileURLToPath} from 'node:url'
import type {Problem} from '../errors.js'
import {nearest} from '../system/text/suggest.js'
import {findFault} from './check.js'
import {devSecrets, knownDevSecrets} from './dev-secrets.js'
import {type Layer, projectName, readLayers, type SettingsRequest} from './layers.js'
import type {Profile} from './profile.js'
import {defaultOf, isGenerated} from './setting.js'
import {SETTINGS, settingsOf} from './settings.js'

/** All settings of one run. */
export interface Settings {
  profile: Profile
  /** Name of the Compose project; also what separates this stack from every other on the machine. */
  project: string
  /** Every variable that has a value, defaults included. */
  values: Readonly<Record<string, string>>
  /** What keeps the stack from starting; harmless to commands that only look or stop. */
  problems: Problem[]
  /** Remarks that stop nothing. */
  notices: string[]
  /** The file of generated secrets and the names of those that count, when any does. */
  generated: {path: string; names: string[]} | undefined
}

/**
 * Reads the settings, the first that is set wins per variable: the environment, `--env-file`,
 * `.env.<profile>`, `.env`, and in dev the generated secrets.
 *
 * @throws settings-unreadable, settings-invalid: a file that is there but cannot be understood
 */
export async function loadSettings(request: SettingsRequest): Promise<Settings> {
  return judge(await readAll(request, devSecrets), request)
}

/**
 * The same without making any secrets, and the places that were looked into, in the order in which they count.
 * @throws as loadSettings
 */
export async function examineSettings(
  request: SettingsRequest,
): Promise<{settings: Settings; layers: Layer[]}> {
  const layers = await readAll(request, knownDevSecrets)
  return {settings: judge(layers, request), layers}
}

type Layers = Awaited<ReturnType<typeof readLayers>>

/** The generated secrets come last, and only where nobody has set them all. */
async function readAll(request: SettingsRequest, generate: typeof devSecrets): Promise<Layers> {
  const layers = await readLayers(
    request,
    (name, {shared}) => !shared || SETTINGS.some(setting => setting.name === name),
  )
  const generated = SETTINGS.filter(setting => isGenerated(setting, request.profile))
  if (generated.every(({name}) => layers.some(({values}) => values[name]))) return layers
  const {path, values} = await generate(generated, request.env)
  const unset = generated.filter(({name}) => !layers.some(layer => layer.values[name]))
  const ours = Object.fromEntries(unset.map(({name}) => [name, values[name]]))
  return [...layers, {source: path, values: ours, generated: true}]
}

function judge(layers: Layers, request: SettingsRequest): Settings {
  const {profile} = request
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
    problems: [
      ...contradictions(files, profile),
      ...missing(layers, request),
      ...findFaults(found, profile),
      ...samePorts(values),
    ],
    notices: files.flatMap(suspiciousNames),
    generated: made && {path: made.source, names: Object.keys(made.values)},
  }
}

/** The package carries it. */
const EXAMPLE = fileURLToPath(new URL('../../.env.example', import.meta.url))

type Found = Map<string, {value: string; source: string}>

/** An empty value counts as not set, as it does in the compose file. */
function pick(layers: Layer[], profile: Profile): Found {
  const found: Found = new Map()
  for (const {name} of settingsOf(profile)) {
    const layer = layers.find(({values}) => values[name])
    if (layer) found.set(name, {value: layer.values[name]!, source: layer.source})
  }
  return found
}

function contradictions(files: Layer[], profile: Profile): Problem[] {
  return files
    .filter(({values}) => values.AQUASTREAM_PROFILE && values.AQUASTREAM_PROFILE !== profile)
    .map(({source, values}) => ({
      code: 'settings-invalid',
      message: `${source} is for the profile ${values.AQUASTREAM_PROFILE}, not for ${profile}`,
      hint: `use --profile ${values.AQUASTREAM_PROFILE}, or correct AQUASTREAM_PROFILE in the file`,
    }))
}

function missing(layers: Layer[], {profile, envFile}: SettingsRequest): Problem[] {
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
        ? `set ${them} in ${file}; ${EXAMPLE} says what each is for`
        : `write ${file}: aquastream env:init --profile ${profile}`,
    },
  ]
}

function findFaults(found: Found, profile: Profile): Problem[] {
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
      message: `${names.join(' and ')} are both ${port}`,
      hint: 'give each service a port of its own',
    }))
}

/** A misspelt variable would be ignored in silence. Other programs' variables in the same file are their own. */
function suspiciousNames({source, values}: Layer): string[] {
  const known = SETTINGS.map(({name}) => name)
  return Object.keys(values).flatMap(name => {
    const near = known.includes(name) ? undefined : nearest(name, known)
    return near ? [`${source} sets ${name}, which nothing reads: did you mean ${near}?`] : []
  })
}
