import type {Problem} from '../errors.js'
import {readHistory} from './history.js'
import {backupRoot, type BackupRequest} from './place.js'
import {decide, DEFAULT_POLICY, type Decision, isFuture, type KeepReason} from './retention.js'
import {type BackupSet, listSets} from './sets.js'

/** A nightly backup that is older than this failed last night: a day, and time for a slow one. */
export const USUAL_MAX_AGE_HOURS = 26

/** What is known of one set without reading its archives. */
export interface SetReport {
  id: string
  takenAt: string
  ageHours: number
  state: BackupSet['state']
  reason?: string
  pinned: boolean
  /** Of a set whose manifest cannot be read, nothing is known. */
  kind: 'backup' | 'safety' | null
  label?: string
  schemas: string[]
  rows: number | null
  bytes: number
  /** What `db:rotate` would do with its own policy. */
  rotation: {action: Decision['action']; reasons: KeepReason[]}
}

/** The JSON of a list. */
export interface ListReport {
  directory: string
  /** The newest complete one that no restore made; what a monitor asks for. */
  newest: {id: string; ageHours: number} | null
  /** Newest first. */
  sets: SetReport[]
  /** IDs of the backups that rotations deleted in the last months. */
  rotated: string[]
}

/** What backups there are. */
export async function listBackups(request: BackupRequest): Promise<ListReport> {
  const directory = await backupRoot(request)
  const now = new Date()
  const decisions = decide(await listSets(directory), DEFAULT_POLICY, now)
  const newest = decisions.map(({set}) => set).find(set => isBackup(set) && !isFuture(set, now))
  return {
    directory,
    newest: newest ? {id: newest.id, ageHours: hoursSince(newest, now)} : null,
    sets: decisions.map(decision => describe(decision, now)),
    rotated: await readHistory(directory),
  }
}

/** What is wrong when the newest backup is older than so many hours, or there is none. */
export function findTooOld({newest, directory}: ListReport, maxAgeHours: number): Problem | undefined {
  if (newest && newest.ageHours <= maxAgeHours) return undefined
  return {
    code: 'backup-too-old',
    message: newest
      ? `the newest backup, ${newest.id}, is ${Math.floor(newest.ageHours)} hours old, more than ${maxAgeHours}`
      : `there is no complete backup in ${directory}`,
    hint: newest
      ? 'see why the last one failed, and make one: aquastream db:backup'
      : 'make one: aquastream db:backup',
  }
}

function isBackup({state, manifest}: BackupSet): boolean {
  return state === 'complete' && manifest?.kind === 'backup'
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
    rows: manifest ? countRows(manifest) : null,
    bytes,
    rotation: {action, reasons},
  }
}

/** In hours to the hundredth, which is half a minute. */
function hoursSince({takenAt}: BackupSet, now: Date): number {
  return Math.round((now.getTime() - takenAt.getTime()) / 36_000) / 100
}

function countRows({archives}: NonNullable<BackupSet['manifest']>): number {
  return archives.flatMap(({tables}) => tables).reduce((sum, {rows}) => sum + rows, 0)
}
