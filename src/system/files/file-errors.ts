/** Returns the code of a failed system call, such as `ENOENT`, see errno(3); undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** Returns whether a write failed because the disk or a quota is full. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')
}

/**
 * Describes why a file or directory cannot be used, without the errno code. Returns undefined for a rare code.
 * @param special descriptions of codes that have another meaning there
 */
export function knownReason(error: unknown, special: Record<string, string> = {}): string | undefined {
  const code = errnoOf(error)
  return code === undefined ? undefined : (special[code] ?? REASONS[code])
}

/** Describes why a file or directory cannot be used; for a rare code, by the message of the system. */
export function reasonOf(error: unknown): string {
  return knownReason(error) ?? (error instanceof Error ? error.message : String(error))
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EIO: 'input/output error',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links in the path',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'part of the path is a file, not a directory',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
}
