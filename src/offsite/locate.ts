import type {BackupSet} from '../backup/repository/backup-set.js'
import {chooseFor, listUsable} from '../backup/repository/find.js'
import {listSets} from '../backup/repository/sets.js'
import {toTime} from '../backup/restore/source.js'
import {valueOf} from '../config/layers.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {listUsableSnapshots} from './find.js'
import {openRepository} from './restic/repository.js'
import {listSnapshots, type Snapshot} from './restic/snapshots.js'
import {findUnreadable} from './unreadable.js'

/** Selects a backup, as `db:restore` does. */
interface LocateRequest {
  stack: StackContext
  schema: string | undefined
  from: string
  at: string | undefined
  file: string | undefined
}

/** A backup that is only in the off-site repository, and has to be fetched before it can be restored. */
export interface OffsiteOnly {
  id: string
  bytes: number
  repository: string
}

/** Where the selected backup is. */
export interface Located {
  /** Set if the backup is only in the off-site repository. */
  offsite: OffsiteOnly | undefined
  /** Why the off-site repository may have a better one. */
  warning: string | undefined
}

/**
 * Finds out whether the backup that a restore selects has to be fetched from the off-site repository: the ID of
 * `from` is not in the local repository, or the backup to choose before `at` is there. `latest` is a local backup.
 * @throws usage: `at` is not a time; backup-directory; if there is no local backup to use, the errors of
 *   `openRepository` and `listSnapshots`
 */
export async function locateBackup(request: LocateRequest, signal: AbortSignal): Promise<Located> {
  const {stack, from, at, file} = request
  const nowhere = {offsite: undefined, warning: undefined}
  const isSelected = file === undefined && (at !== undefined || from !== 'latest')
  if (!isSelected || valueOf(stack.layers, 'OFFSITE_REPOSITORY') === undefined) return nowhere
  const local = await findLocal(request)
  if (local && at === undefined) return nowhere
  try {
    return await findOffsite(request, local, signal)
  } catch (error) {
    // An emergency must not wait for the network when there is a backup here.
    if (!local || !(error instanceof AquastreamError) || signal.aborted) throw error
    return {offsite: undefined, warning: `newer backups may be off-site: ${error.message}`}
  }
}

async function findLocal({stack, from, at, schema}: LocateRequest): Promise<BackupSet | undefined> {
  const sets = await listSets(stack.backups)
  if (at === undefined) return sets.find(({id}) => id.startsWith(from))
  return chooseFor(schema, listUsable(sets).filter(isEligible(toTime(at), schema)))
}

async function findOffsite(
  {stack, from, at, schema}: LocateRequest,
  local: BackupSet | undefined,
  signal: AbortSignal,
): Promise<Located> {
  const repository = await openRepository(stack, signal)
  const {project, profile} = stack
  const listing = await listSnapshots(repository, {project, profile}, signal)
  const problem = findUnreadable(listing, repository.name)
  const warning = problem && `a newer backup may be off-site: ${problem.message}`
  const nothing = {offsite: undefined, warning}
  const found =
    at === undefined
      ? listing.ours.filter(({id}) => id.startsWith(from))
      : listUsableSnapshots(listing.ours).filter(isEligible(toTime(at), schema))
  // The restore itself reports that a prefix matches several backups, or none.
  if (at === undefined && new Set(found.map(({id}) => id)).size > 1) return nothing
  const first = chooseFor(schema, found)
  if (!first) return nothing
  const places = local ? [local, first].sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime()) : [first]
  if (chooseFor(schema, places) === local) return nothing
  return {offsite: {id: first.id, bytes: first.bytes, repository: repository.name}, warning}
}

function isEligible(time: number, schema: string | undefined) {
  return ({schemas, takenAt}: Pick<Snapshot, 'schemas' | 'takenAt'>): boolean =>
    (schema === undefined || schemas.includes(schema)) && takenAt.getTime() <= time
}
