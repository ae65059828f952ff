import type {BackupSet} from '../backup/repository/backup-set.js'
import {listUsable} from '../backup/repository/find.js'
import type {Repository} from './restic/repository.js'
import type {Snapshot} from './restic/snapshots.js'
import {isComplete} from './transfer/complete.js'
import type {Verified} from './verified.js'

/** What is known about the snapshots of a repository. */
interface Known {
  repository: Repository
  ours: Snapshot[]
  verified: Verified
}

/**
 * Finds the backups that the repository lacks: those to push, and those that were pushed and have left it.
 * @throws the errors of a failed command
 */
export async function findMissing(
  complete: BackupSet[],
  known: Known,
  signal: AbortSignal,
): Promise<{wanted: BackupSet[]; left: BackupSet[]}> {
  const missing: BackupSet[] = []
  for (const set of complete) if (await isMissing(set, known, signal)) missing.push(set)
  const left = missing.filter(set => hasLeft(set, complete, known))
  return {wanted: missing.filter(set => !left.includes(set)), left}
}

/**
 * Returns whether the repository has no snapshot of a backup that is complete, or none with its pin. A backup that was
 * pinned later is copied again, which moves no data: `restic tag` would need the repository for itself, and replace the
 * snapshot that other machines know by a new one, or fail where nothing can be deleted.
 */
async function isMissing(
  set: BackupSet,
  {repository, ours, verified}: Known,
  signal: AbortSignal,
): Promise<boolean> {
  const own = ours.filter(({id}) => id === set.id)
  if (set.pinned && !own.some(({pinned}) => pinned)) return true
  if (own.some(({snapshot}) => verified.snapshots.has(snapshot))) return false
  for (const {snapshot} of own) {
    if (!(await isComplete({repository, snapshot}, set, signal))) continue
    await verified.add(snapshot, set.id)
    return false
  }
  return true
}

/**
 * Returns whether a backup was pushed and has left the repository, by a rotation on another machine. The newest backup
 * and pinned ones are pushed again, because no rotation may delete them.
 */
function hasLeft({id, pinned}: BackupSet, complete: BackupSet[], {ours, verified}: Known): boolean {
  const [newest] = listUsable(complete)
  const isGone = ours.every(one => one.id !== id)
  return isGone && verified.sets.has(id) && !pinned && id !== newest?.id
}

/** Returns the notice about backups that are not pushed again. */
export function leftText(left: BackupSet[]): string {
  const ids = left.map(({id}) => id).join(', ')
  return `copied before and deleted from the off-site repository since, so not copied again: ${ids}`
}
