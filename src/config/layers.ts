import {resolve} from 'node:path'
import {AquastreamError} from '../errors.js'
import {parseEnv, readEnvText} from './env-file.js'
import type {Profile} from './profile.js'

/** What determines the settings of one command. */
export interface SettingsRequest {
  profile: Profile
  /** The file of `--env-file`; it must exist. */
  envFile?: string | undefined
  env: NodeJS.ProcessEnv
  directory: string
}

/** One source of variables; `source` is its name in messages. */
export interface Layer {
  source: string
  values: Record<string, string | undefined>
  /** Set for the secrets that aquastream generates on first use. */
  generated?: true
}

/** Which malformed lines are errors, by the name that a line sets; `.env` is shared with other programs. */
export type Concern = (name: string | undefined, file: {shared: boolean}) => boolean

/**
 * Reads the sources that may set a variable, in order of precedence: the environment, `--env-file`,
 * `.env.<profile>`, `.env`.
 *
 * @throws settings-unreadable, settings-invalid: a file exists but cannot be parsed
 */
export async function readLayers(
  {profile, envFile, env, directory}: SettingsRequest,
  concerns: Concern,
): Promise<[Layer, ...Layer[]]> {
  const layers: [Layer, ...Layer[]] = [{source: 'the environment', values: env}]
  for (const name of [envFile, `.env.${profile}`, '.env']) {
    if (name === undefined) continue
    const path = resolve(directory, name)
    const text = await readOnce(path)
    const file = {shared: name === '.env' && name !== envFile}
    if (text !== undefined)
      layers.push({source: name, values: parseEnv(text, path, set => concerns(set, file))})
    else if (name === envFile) {
      throw new AquastreamError('settings-unreadable', `${name} does not exist`, {
        hint: 'specify the settings file: --env-file PATH',
      })
    }
  }
  return layers
}

const texts = new Map<string, ReturnType<typeof readEnvText>>()

/** `--env-file` may be a pipe, `<(decrypt …)`, which can be read only once. */
function readOnce(path: string): ReturnType<typeof readEnvText> {
  const text = texts.get(path) ?? readEnvText(path)
  texts.set(path, text)
  return text
}

/**
 * Finds the project name of a profile. Other lines of its files are not checked, since commands that only read or stop
 * a stack need nothing else.
 * @throws settings-unreadable, settings-invalid
 */
export async function findProject(request: SettingsRequest): Promise<string> {
  const given = await findValue(request, 'AQUASTREAM_PROJECT')
  if (given !== undefined && !PROJECT.test(given)) {
    throw new AquastreamError('settings-invalid', `AQUASTREAM_PROJECT ${PROJECT_RULE}`, {
      hint: 'correct AQUASTREAM_PROJECT, or unset it',
    })
  }
  return projectName(given, request.profile)
}

/**
 * Finds the value of one variable; other malformed lines are ignored.
 * @throws settings-unreadable, settings-invalid: the line that sets it cannot be parsed
 */
export async function findValue(request: SettingsRequest, variable: string): Promise<string | undefined> {
  const layers = await readLayers(request, name => name === variable)
  return layers.find(({values}) => values[variable])?.values[variable]
}

/** A project name that Docker Compose accepts, short enough for the names derived from it. */
export const PROJECT = /^[a-z0-9][a-z0-9_-]{0,59}$/
export const PROJECT_RULE = 'must be at most 60 lower-case letters, digits, _ and -'

/** Returns the configured project name, or the default name of the profile. */
export function projectName(given: string | undefined, profile: Profile): string {
  return given ?? `aquastream-${profile}`
}
