/** The code of a failed system call, such as `ENOENT`, see errno(3); nothing for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** Whether a write failed for want of room, on the disk or within a quota. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')
}

/**
 * Why a file or directory cannot be used, in words that need no knowledge of errno; nothing for a rare code.
 * @param special words for codes that mean something else there
 */
export function knownReason(error: unknown, special: Record<string, string> = {}): string | undefined {
  const code = errnoOf(error)
  return code === undefined ? undefined : (special[code] ?? REASONS[code])
}

/** The same with the system's own message for a rare code. */
export function reasonOf(error: unknown): string {
  return knownReason(error) ?? (error instanceof Error ? error.message : String(error))
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EIO: 'the disk fails',
  EISDIR: 'it is a directory',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'part of its path is a file',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
}
