import {access, constants} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {succeeds} from './succeeds.js'

/** Returns the path of an executable on PATH, as which(1) does; undefined if it is not found. */
export async function which(program: string, path = process.env.PATH ?? ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const candidate = join(folder, program)
    if (await succeeds(access(candidate, constants.X_OK))) return candidate
  }
  return undefined
}
