import {getSystemErrorMap} from 'node:util'

/** Returns the code of a failed system call, such as `ENOENT`, see errno(3); undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** Returns whether a write failed because the disk or a quota is full. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')
}

/** Failures of file operations that have no errno code of their own. */
const OWN_REASONS = {
  DANGLING_LINK: 'it is a symbolic link to something that does not exist',
  NO_NEW_DIRECTORY: 'its file system does not accept new directories',
  NO_WRITER: 'it is a pipe, and no program writes to it',
  TOO_LARGE: 'it is too large',
}

/** A failure of a file operation that has no errno code of its own. */
export class FileError extends Error {
  constructor(readonly code: keyof typeof OWN_REASONS) {
    super(OWN_REASONS[code])
    this.name = 'FileError'
  }
}

/**
 * Describes why a file or directory cannot be used, without the errno code. Returns undefined for an error that is not
 * a failed file operation.
 * @param special descriptions of codes that have another meaning there
 */
export function knownReason(error: unknown, special: Record<string, string> = {}): string | undefined {
  const code = errnoOf(error)
  return code === undefined ? undefined : (special[code] ?? REASONS[code] ?? systemReason(error, code))
}

/** Describes why a file or directory cannot be used; any other error by its message. */
export function reasonOf(error: unknown): string {
  return knownReason(error) ?? (error instanceof Error ? error.message : String(error))
}

const REASONS: Record<string, string> = {
  ...OWN_REASONS,
  EACCES: 'permission denied',
  EEXIST: 'a file with its name exists',
  EIO: 'input/output error',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links in the path',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'part of the path is a file, not a directory',
  ENXIO: 'it is a socket or a missing device',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
}

/** Returns the description that Node has for an errno code. Errors of zlib have numbers that mean other errno codes. */
function systemReason(error: unknown, code: string): string | undefined {
  const {errno} = error as NodeJS.ErrnoException
  const [name, text] = getSystemErrorMap().get(errno ?? 0) ?? []
  return name === code ? text : undefined
}
