import {createHash} from 'node:crypto'
import {readdir, readFile} from 'node:fs/promises'
import {join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'

/** Where the stubs are: their program, their documents, and what builds an image of them. */
export const STUBS = fileURLToPath(new URL('../../infra/stubs', import.meta.url))

/** All of it in one word: a new version of the stubs is another word. */
export async function hashStubs(): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(STUBS, {recursive: true, withFileTypes: true})
  const files = entries.filter(entry => entry.isFile()).map(({parentPath, name}) => join(parentPath, name))
  for (const file of files.sort()) hash.update(`${relative(STUBS, file)}\0`).update(await readFile(file))
  return hash.digest('hex').slice(0, 12)
}
