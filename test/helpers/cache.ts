import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {mkdir, rename, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'

/** The cache of templates, which is kept between runs. */
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/aquastream-test')

/**
 * Returns the directory of a template, which `make` creates if it is missing. If a concurrent process has created the same
 * template first, that one is kept.
 * @param inputs all inputs of the template: their hash is in its name, so that it is never out of date
 */
export async function cachedTemplate(
  kind: string,
  inputs: unknown[],
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const recipe = createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
  const template = join(CACHE, `${kind}-${recipe.slice(0, 16)}`)
  if (existsSync(template)) return template
  await mkdir(CACHE, {recursive: true})
  const draft = `${template}.${process.pid}`
  await make(draft)
  await rename(draft, template).catch(() => rm(draft, {recursive: true}))
  return template
}
