import {AquastreamError} from '../errors.js'
import {isDiskFull, knownReason} from '../system/files/file-errors.js'

/**
 * Converts an error of a file operation on the repository into `disk-full` or `backup-directory`; returns any other
 * error unchanged.
 */
export function storageError(path: string, error: unknown): unknown {
  if (isDiskFull(error)) {
    return new AquastreamError('disk-full', `no room is left in ${path}`, {
      hint: `make room there; see what takes it: du -sh ${path}`,
      cause: error,
    })
  }
  const why = knownReason(error, {ENOENT: 'it is gone', EEXIST: 'it is a file'})
  if (!why) return error
  return new AquastreamError('backup-directory', `${path} cannot be used: ${why}`, {
    hint: `see who may use it: ls -ld ${path}; name another by --dir or BACKUP_DIR`,
    cause: error,
  })
}
