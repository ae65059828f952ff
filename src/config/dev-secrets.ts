import {appendFile} from 'node:fs/promises'
import {join} from 'node:path'
import {AquastreamError} from '../errors.js'
import {createFile} from '../system/files/create-file.js'
import {reasonOf} from '../system/files/file-errors.js'
import {parseEnv, readEnvFile, readEnvText} from './env-file.js'
import type {Setting} from './setting.js'
import {stateDirectory, statePath} from './state.js'
import {newSecret} from './strength.js'

const FILE = 'dev.env'

/**
 * The secrets of dev on this machine: made on first use and then kept, since volumes are made with them. One
 * that only a newer version needs is added.
 */
export async function devSecrets(
  secrets: readonly Setting[],
  env: NodeJS.ProcessEnv,
): Promise<{path: string; values: Record<string, string>}> {
  const path = join(await stateDirectory(env), FILE)
  const text = await readEnvText(path)
  const known = text === undefined ? undefined : parseEnv(text, path)
  const missing = secrets.filter(({name}) => !known?.[name])
  if (missing.length === 0) return {path, values: known ?? {}}
  const lines = missing.map(setting => `${setting.name}=${newSecret(setting)}\n`).join('')
  try {
    await (known
      ? appendFile(path, `${text?.endsWith('\n') ? '' : '\n'}${lines}`)
      : createFile(path, `# Secrets of the dev profile, made by aquastream\n${lines}`))
  } catch (error) {
    throw new AquastreamError('state-directory', `${path} cannot be written: ${reasonOf(error)}`, {
      hint: 'set XDG_STATE_HOME to a directory that you can write to',
      cause: error,
    })
  }
  return {path, values: (await readEnvFile(path)) ?? {}}
}

/** The same without making any: those that are there, and the file that all of them will be in. */
export async function knownDevSecrets(
  _: readonly Setting[],
  env: NodeJS.ProcessEnv,
): Promise<{path: string; values: Record<string, string>}> {
  const path = join(statePath(env), FILE)
  return {path, values: (await readEnvFile(path)) ?? {}}
}
