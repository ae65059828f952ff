// The licences of packages whose code the package ships.
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'

/**
 * Returns the licences of the packages in these directories, each text once, below the names of its packages.
 *
 * @param {Iterable<string>} directories
 * @throws {Error} if a package has no licence file.
 */
export function licencesOf(directories) {
  const licences = new Map()
  for (const directory of [...directories].sort()) {
    const text = licenceOf(directory)
    licences.set(text, (licences.get(text) ?? new Set()).add(directory.replace(/^.*node_modules\//, '')))
  }
  return [...licences].map(([text, names]) => `${[...names].join(', ')}\n\n${text}`).join('\n')
}

function licenceOf(directory) {
  const file = readdirSync(directory).find(entry => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${directory} has no licence file`)
  return readFileSync(join(directory, file), 'utf8')
}
