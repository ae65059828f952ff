import {resolve} from 'node:path'
import {AquastreamError} from '../errors.js'
import {parseEnv, readEnvText} from './env-file.js'
import type {Profile} from './profile.js'

/** Where the settings of one run are looked for. */
export interface SettingsRequest {
  profile: Profile
  /** The file of `--env-file`; it must exist. */
  envFile?: string | undefined
  env: NodeJS.ProcessEnv
  directory: string
}

/** One place that sets variables, by the name that messages call it. */
export interface Layer {
  source: string
  values: Record<string, string | undefined>
  /** Ours alone: the secrets that are made on first use. */
  generated?: true
}

/** Whether a malformed line matters, by the name that it sets; `.env` is shared with other programs. */
export type Concern = (name: string | undefined, file: {shared: boolean}) => boolean

/**
 * The places that may set a variable, the first that does wins: the environment, `--env-file`,
 * `.env.<profile>`, `.env`.
 *
 * @throws settings-unreadable, settings-invalid: a file that is there but cannot be understood
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
      throw new AquastreamError('settings-unreadable', `there is no file ${name}`, {
        hint: 'name the file that holds the settings: --env-file PATH',
      })
    }
  }
  return layers
}

const texts = new Map<string, ReturnType<typeof readEnvText>>()

/** `--env-file` may be a pipe, `<(decrypt …)`, and a pipe gives its text once. */
function readOnce(path: string): ReturnType<typeof readEnvText> {
  const text = texts.get(path) ?? readEnvText(path)
  texts.set(path, text)
  return text
}

/**
 * The Compose project of a profile, whatever else its files hold: enough to look and to stop.
 * @throws settings-invalid
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
 * The value of one variable, whatever else is wrong with the files that set it.
 * @throws settings-invalid: the line that sets it cannot be understood
 */
export async function findValue(request: SettingsRequest, variable: string): Promise<string | undefined> {
  const layers = await readLayers(request, name => name === variable)
  return layers.find(({values}) => values[variable])?.values[variable]
}

/** What Compose takes for the name of a project, and short enough for names made from it. */
export const PROJECT = /^[a-z0-9][a-z0-9_-]{0,59}$/
export const PROJECT_RULE = 'must be at most 60 lower-case letters, digits, _ and -'

/** The project of a profile under the name that somebody gave it, if any. */
export function projectName(given: string | undefined, profile: Profile): string {
  return given ?? `aquastream-${profile}`
}
