import {createHash} from 'node:crypto'
import {readdir, readFile} from 'node:fs/promises'
import {join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'

/** The directory of the stubs: their program, their OpenAPI documents, and the Dockerfile of their image. */
export const STUBS = fileURLToPath(new URL('../../infra/stubs', import.meta.url))

/** Returns a hash of all files of the stubs, which changes with every new version of them. */
export async function hashStubs(): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(STUBS, {recursive: true, withFileTypes: true})
  const files = entries.filter(entry => entry.isFile()).map(({parentPath, name}) => join(parentPath, name))
  for (const file of files.sort()) hash.update(`${relative(STUBS, file)}\0`).update(await readFile(file))
  return hash.digest('hex').slice(0, 12)
}
