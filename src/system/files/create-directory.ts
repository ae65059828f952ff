import {mkdir, stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {errnoOf, FileError} from './file-errors.js'

/**
 * Creates a directory and its missing parents, all with this mode. An existing directory stays as it is.
 *
 * The option `recursive` of Node's mkdir is not used: in a file system without new directories, such as /proc, it never
 * ends, and for a read-only file system and a dangling link it reports the code of another error.
 * @throws FileError, or an error with the code of mkdir(2)
 */
export async function createDirectory(path: string, mode: number): Promise<void> {
  const failure = await tryCreate(path, mode)
  if (failure === undefined) return
  const parent = dirname(path)
  if (errnoOf(failure) !== 'ENOENT' || parent === path) throw failure
  await createDirectory(parent, mode)
  const last = await tryCreate(path, mode)
  if (last === undefined) return
  throw errnoOf(last) === 'ENOENT' ? new FileError('NO_NEW_DIRECTORY') : last
}

/** Returns why the directory does not exist afterwards; undefined if it does. */
async function tryCreate(path: string, mode: number): Promise<Error | undefined> {
  try {
    await mkdir(path, {mode})
    return undefined
  } catch (error) {
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory()) return undefined
    return errnoOf(error) === 'EEXIST' && !found ? new FileError('DANGLING_LINK') : (error as Error)
  }
}
