import type {BackupSet} from '../backup/repository/backup-set.js'
import {ambiguous, chooseFor, listUsable} from '../backup/repository/find.js'
import {listSets} from '../backup/repository/sets.js'
import {toTime} from '../backup/restore/source.js'
import {valueOf} from '../config/layers.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {listUsableSnapshots} from './find.js'
import {notIntact} from './local.js'
import {openRepository} from './restic/repository.js'
import {listSnapshots, type Snapshot} from './restic/snapshots.js'
import {findUnreadable} from './restic/unreadable.js'

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
 * Finds out whether the backup that a restore selects has to be fetched from the off-site repository: the backup of `from`
 * is not complete in the local repository, or the backup to choose before `at` is there. `latest` is a local backup.
 * @throws usage: `at` is not a time; no-such-backup: `from` matches several backups; refused: the local one is not intact;
 *   backup-directory; if there is no local backup to use, the errors of `openRepository` and `listSnapshots`
 */
export async function locateBackup(request: LocateRequest, signal: AbortSignal): Promise<Located> {
  const {stack, from, at, file} = request
  const isSelected = file === undefined && (at !== undefined || !['latest', ''].includes(from))
  if (!isSelected || valueOf(stack.layers, 'OFFSITE_REPOSITORY') === undefined) return NOT_OFFSITE
  return at === undefined ? locateById(request, signal) : locateByTime({...request, at}, signal)
}

const NOT_OFFSITE = {offsite: undefined, warning: undefined}

/** The ID of a complete local backup needs no network; the beginning of an ID can match a backup in each place. */
async function locateById({stack, from}: LocateRequest, signal: AbortSignal): Promise<Located> {
  const local = (await listSets(stack.backups)).filter(({id}) => id.startsWith(from))
  const [first] = local
  // The restore itself reports that a prefix matches several local backups.
  if (local.length > 1 || (first?.id === from && first.state === 'complete')) return NOT_OFFSITE
  const listing = await listOffsite(stack, signal).catch(
    unlessUsable(first, 'the off-site repository was not searched', signal),
  )
  if (!('ours' in listing)) return listing
  const found = listing.ours.filter(({id}) => id.startsWith(from))
  const ids = [...new Set([...local, ...found].map(({id}) => id))]
  if (ids.length > 1) throw ambiguous(from, ids, `${stack.backups} and ${listing.repository}`)
  if (!found[0] || first?.state === 'complete') return NOT_OFFSITE
  if (first) throw notIntact(first, stack.backups)
  return {offsite: toOffsite(found[0], listing), warning: undefined}
}

async function locateByTime(
  {stack, at, schema}: LocateRequest & {at: string},
  signal: AbortSignal,
): Promise<Located> {
  const isEligible = ({schemas, takenAt}: Pick<Snapshot, 'schemas' | 'takenAt'>): boolean =>
    (schema === undefined || schemas.includes(schema)) && takenAt.getTime() <= time
  const time = toTime(at)
  const local = chooseFor(schema, listUsable(await listSets(stack.backups)).filter(isEligible))
  const listing = await listOffsite(stack, signal).catch(
    unlessUsable(local, 'newer backups may be off-site', signal),
  )
  if (!('ours' in listing)) return listing
  const {warning} = listing
  const first = chooseFor(schema, listUsableSnapshots(listing.ours).filter(isEligible))
  if (!first) return {offsite: undefined, warning}
  const places = local ? [local, first].sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime()) : [first]
  return {offsite: chooseFor(schema, places) === local ? undefined : toOffsite(first, listing), warning}
}

/** The backups in the off-site repository, newest first. */
interface OffsiteBackups {
  repository: string
  ours: Snapshot[]
  /** That there may be others, which cannot be read. */
  warning: string | undefined
}

async function listOffsite(stack: StackContext, signal: AbortSignal): Promise<OffsiteBackups> {
  const repository = await openRepository(stack, signal)
  const listing = await listSnapshots(repository, stack, signal)
  const problem = findUnreadable(listing, repository.name)
  return {
    repository: repository.name,
    ours: listing.ours,
    warning: problem && `a newer backup may be off-site: ${problem.message}`,
  }
}

function toOffsite({id, bytes}: Snapshot, {repository}: OffsiteBackups): OffsiteOnly {
  return {id, bytes, repository}
}

/** An emergency must not wait for the network when there is a backup here: an error becomes a warning. */
function unlessUsable(local: BackupSet | undefined, consequence: string, signal: AbortSignal) {
  return (error: unknown): Located => {
    if (!local || !(error instanceof AquastreamError) || signal.aborted) throw error
    return {offsite: undefined, warning: `${consequence}: ${error.message}`}
  }
}
