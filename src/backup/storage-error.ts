import {AquastreamError} from '../errors.js'
import {FileError, isDiskFull, knownReason} from '../system/files/file-errors.js'
import {nearestExisting} from '../system/files/nearest-existing.js'
import {shellQuote} from '../system/text/shell-quote.js'

/**
 * Converts an error of a file operation on the repository into `disk-full` or `backup-directory`; returns any other
 * error unchanged.
 */
export function storageError(path: string, error: unknown): unknown {
  // The hint names an existing path, because a draft is removed before the user can read the hint.
  const nearest = nearestExisting(path)
  const existing = shellQuote(nearest)
  if (isDiskFull(error)) {
    return new AquastreamError('disk-full', `no disk space is left in ${path}`, {
      hint: `free disk space there; to see what uses it, run du -sh ${existing}`,
      cause: error,
    })
  }
  if (error instanceof FileError && error.code === 'DANGLING_LINK') {
    return new AquastreamError('backup-directory', `${nearest} cannot be used: ${error.message}`, {
      hint: `mount or create what it refers to: ls -ld ${existing}; or set another directory with --dir or BACKUP_DIR`,
      cause: error,
    })
  }
  const why = knownReason(error, {ENOENT: 'it does not exist', EEXIST: 'it is a file'})
  if (!why) return error
  return new AquastreamError('backup-directory', `${path} cannot be used: ${why}`, {
    hint: `check the owner and permissions: ls -ld ${existing}; or set another directory with --dir or BACKUP_DIR`,
    cause: error,
  })
}
