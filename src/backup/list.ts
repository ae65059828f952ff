import {type Freshness, hoursSince, measureAge} from './freshness.js'
import {DEFAULT_POLICY} from './policy.js'
import type {BackupSet} from './repository/backup-set.js'
import {readHistory} from './repository/history.js'
import {rowsIn} from './repository/manifest.js'
import {listSets} from './repository/sets.js'
import {decide, type Decision, type KeepReason} from './retention.js'

/** The description of one backup; its archives are not read. */
export interface SetReport {
  id: string
  takenAt: string
  ageHours: number
  state: BackupSet['state']
  reason?: string
  pinned: boolean
  /** Null when the manifest cannot be read. */
  kind: 'backup' | 'safety' | null
  label?: string
  schemas: string[]
  rows: number | null
  bytes: number
  /** What `db:rotate` would do with the default retention policy. */
  rotation: {action: Decision['action']; reasons: KeepReason[]}
}

/** The JSON of `db:list`. */
export interface ListReport extends Freshness {
  directory: string
  /** Newest first. */
  sets: SetReport[]
  /** IDs of the backups that rotation deleted in the last months, newest first. */
  rotated: string[]
}

/**
 * Lists the backups of a repository, their age, and what rotation would do.
 * @param directory the repository
 * @throws backup-directory, disk-full
 */
export async function listBackups(directory: string): Promise<ListReport> {
  const now = new Date()
  const decisions = decide(await listSets(directory), DEFAULT_POLICY, now)
  const complete = decisions.flatMap(({set}) =>
    set.state === 'complete'
      ? [{...set, kind: set.manifest!.kind, database: set.manifest!.server.database}]
      : [],
  )
  return {
    directory,
    ...measureAge(complete, now),
    sets: decisions.map(decision => describe(decision, now)),
    rotated: await readHistory(directory),
  }
}

function describe({set, action, reasons}: Decision, now: Date): SetReport {
  const {id, takenAt, state, reason, pinned, manifest, schemas, bytes} = set
  return {
    id,
    takenAt: takenAt.toISOString(),
    ageHours: hoursSince(set, now),
    state,
    ...(reason !== undefined && {reason}),
    pinned,
    kind: manifest?.kind ?? null,
    ...(manifest?.label !== undefined && {label: manifest.label}),
    schemas,
    rows: manifest ? rowsIn(manifest.archives) : null,
    bytes,
    rotation: {action, reasons},
  }
}
