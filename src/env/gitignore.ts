import {appendFile, readFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {execa} from '../system/execa.js'
import {AquastreamError} from '../errors.js'
import {reasonOf} from '../system/files/file-errors.js'

/** Returns whether git ignores a file; undefined if git is not installed or the file is not in a work tree. */
export async function isIgnored(path: string): Promise<boolean | undefined> {
  const {exitCode} = await execa('git', ['check-ignore', '--quiet', '--', basename(path)], {
    cwd: dirname(path),
    stdin: 'ignore',
    reject: false,
  })
  return exitCode === 0 || exitCode === 1 ? exitCode === 0 : undefined
}

/**
 * Adds a file to the .gitignore file in the same directory.
 * @throws settings-unwritable
 */
export async function addToGitignore(path: string): Promise<void> {
  const list = join(dirname(path), '.gitignore')
  try {
    const text = await readFile(list, 'utf8').catch(() => '')
    await appendFile(list, `${text === '' || text.endsWith('\n') ? '' : '\n'}${ignoreRule(path)}\n`)
  } catch (error) {
    throw new AquastreamError('settings-unwritable', `${list} cannot be written: ${reasonOf(error)}`, {
      hint: `add the line ${ignoreRule(path)} to it, then run the command again`,
      cause: error,
    })
  }
}

/** Returns the .gitignore pattern that matches only this file. */
function ignoreRule(path: string): string {
  return `/${basename(path).replace(/[\\*?[\]!# ]/g, String.raw`\$&`)}`
}
