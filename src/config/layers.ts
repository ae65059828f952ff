import {resolve} from 'node:path'
import {AquastreamError} from '../errors.js'
import {readEnvFile} from './env-file.js'
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
}

/**
 * The places that may set a variable, the first that does wins: the environment, `--env-file`,
 * `.env.<profile>`, `.env`.
 *
 * @throws settings-unreadable, settings-invalid: a file that is there but cannot be understood
 */
export async function readLayers({
  profile,
  envFile,
  env,
  directory,
}: SettingsRequest): Promise<[Layer, ...Layer[]]> {
  const layers: [Layer, ...Layer[]] = [{source: 'the environment', values: env}]
  for (const name of [envFile, `.env.${profile}`, '.env']) {
    if (name === undefined) continue
    const values = await readOnce(resolve(directory, name))
    if (values) layers.push({source: name, values})
    else if (name === envFile) {
      throw new AquastreamError('settings-unreadable', `there is no file ${name}`, {
        hint: 'name the file that holds the settings: --env-file PATH',
      })
    }
  }
  return layers
}

const read = new Map<string, ReturnType<typeof readEnvFile>>()

/** `--env-file` may be a pipe, `<(decrypt …)`, and a pipe gives its text once. */
function readOnce(path: string): ReturnType<typeof readEnvFile> {
  const values = read.get(path) ?? readEnvFile(path)
  read.set(path, values)
  return values
}

/** The Compose project of a profile, without asking for any other setting: enough to look and to stop. */
export async function findProject(request: SettingsRequest): Promise<string> {
  const layers = await readLayers(request)
  const given = layers.find(({values}) => values.AQUASTREAM_PROJECT)?.values.AQUASTREAM_PROJECT
  return projectName(given, request.profile)
}

export function projectName(given: string | undefined, profile: Profile): string {
  return given ?? `aquastream-${profile}`
}
