import type {Dirent} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {hasDanglingLink} from '../../system/files/dangling-link.js'
import {errnoOf, FileError} from '../../system/files/file-errors.js'
import {storageError} from '../storage-error.js'

/**
 * Lists what a repository contains; an empty list when it does not exist. A symbolic link that refers to nothing is an
 * error, because the disk with the backups may not be mounted.
 * @throws backup-directory, disk-full
 */
export async function listEntries(root: string): Promise<Dirent[]> {
  try {
    return await readdir(root, {withFileTypes: true})
  } catch (error) {
    const isMissing = errnoOf(error) === 'ENOENT'
    if (isMissing && !(await hasDanglingLink(root))) return []
    throw storageError(root, isMissing ? new FileError('DANGLING_LINK') : error)
  }
}
