import {userInfo} from 'node:os'

/** Returns the name of the current user, which a container may not have. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
