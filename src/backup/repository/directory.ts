import {AquastreamError} from '../../errors.js'

/** What the system said of a file: ENOENT, EACCES, … */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** A directory of backups that cannot be read or written, or not for want of room. */
export function cannotUse(path: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AquastreamError('disk-full', `no room is left in ${path}`, {
      hint: `make room there; see what takes it: du -sh ${path}`,
      cause: error,
    })
  }
  const why = code && WHY[code]
  if (!why) return error
  return new AquastreamError('backup-directory', `${path} cannot be used: ${why}`, {
    hint: `see who may use it: ls -ld ${path}; name another by --dir or BACKUP_DIR`,
    cause: error,
  })
}

const WHY: Record<string, string> = {
  ENOENT: 'it is gone',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'it is read-only',
  ENOTDIR: 'part of the path is a file',
  EEXIST: 'it is a file',
  EISDIR: 'it is a directory',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk fails',
}
