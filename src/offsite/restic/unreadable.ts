import {type Problem, throwProblems} from '../../errors.js'
import type {Listing} from './snapshots.js'

/** Returns the problem of a list that lacks snapshots because restic cannot read them; undefined if it is complete. */
export function findUnreadable(
  {unreadable}: Pick<Listing, 'unreadable'>,
  repository: string,
): Problem | undefined {
  if (unreadable.length === 0) return undefined
  const ids = unreadable.map(id => id.slice(0, 8)).join(', ')
  return {
    code: 'offsite-damaged',
    message: `snapshots in the off-site repository ${repository} cannot be read: ${ids}`,
    hint: 'see what is damaged: aquastream offsite:check; the other backups can be pulled',
  }
}

/**
 * Refuses such a list for work that takes what is not listed for missing.
 * @throws offsite-damaged
 */
export function requireReadable(listing: Pick<Listing, 'unreadable'>, repository: string): void {
  const problem = findUnreadable(listing, repository)
  throwProblems(problem ? [problem] : [])
}
