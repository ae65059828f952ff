import {findProfile} from '../../engines/open.js'
import {reachServer, type Server, type ServerRequest} from '../../postgres/server.js'
import {refusedAs} from '../../postgres/session.js'
import {checkDump} from '../archive/check-dump.js'
import {checkArchive} from '../archive/read.js'
import type {SchemaSize} from '../dump/snapshot.js'
import type {BackupSet} from '../repository/backup-set.js'
import {type BackupRequest, backupRoot, sameFlags} from '../repository/location.js'
import type {Archive} from '../repository/manifest.js'
import {inOrderOfNeed} from './order.js'
import {findRoles, missingExtensions, NO_ROLES} from './prerequisites.js'
import {findSource, type RestoreSource} from './source.js'
import {findTarget, inspectTarget} from './target.js'
import {refuseUnlessNamed} from './wrong-database.js'

export interface RestoreRequest extends BackupRequest, ServerRequest {
  /** One schema; all of the set, and its roles, when absent. */
  schema: string | undefined
  from: string
  at: string | undefined
  file: string | undefined
  /** Another database of the same server. */
  into: string | undefined
  /** Make that database when it is not there. */
  create: boolean
  /** Seconds to wait for tables in use. */
  lockTimeout: number
}

/** What a restore would do. Made without changing anything, and exactly what is applied. */
export interface RestorePlan {
  /** Of commands about the same backups and server. */
  flags: string
  root: string
  server: Server
  source: RestoreSource
  into: string | undefined
  /** The database is made first. */
  creates: boolean
  schemas: PlannedSchema[]
  /** Of other schemas; made again inside the transaction. */
  foreignKeys: string[]
  triggers: string[]
  publications: string[]
  /** What has to be there before: roles and extensions of the backup that the server lacks. */
  roles: string[]
  before: string[]
  /** Schemas of the target beside the restored ones, when the dump may need others that are not there. */
  otherSchemas: string[] | undefined
  /** Schemas to be saved first, with what they take on the disk there. */
  safety: SchemaSize[]
  /** Seconds, roughly. */
  expected: number
  lockTimeout: number
  notices: string[]
}

export interface PlannedSchema {
  schema: string
  /** Whether it will be replaced, or is not there now. */
  exists: boolean
  tables: {name: string; now: number | undefined; then: number | undefined}[]
}

/** Bytes of an archive that are replayed in a second, roughly: two cores, gzip, indexes included. */
const PACE = 8 * 1024 ** 2

/**
 * Proves the archives, and finds out what their restore would do. Reads only.
 * @throws no-such-backup, no-such-schema, archive-damaged, refused
 */
export function planRestore(request: RestoreRequest, signal: AbortSignal): Promise<RestorePlan> {
  return makePlan(request, signal).catch(refusedAs('restore-failed'))
}

async function makePlan(asked: RestoreRequest, signal: AbortSignal): Promise<RestorePlan> {
  // Found once: a stack that starts meanwhile must not restore one profile's backup into the other.
  const request = {...asked, profile: await findProfile(asked)}
  const root = await backupRoot(request)
  const source = await findSource(request, root)
  const server = await reachServer(request)
  for (const archive of source.archives) {
    signal.throwIfAborted()
    await (archive.known ? checkArchive(archive) : checkDump(archive, {server, onlySchema: archive.schema}))
  }
  const target = await findTarget(request, server)
  const state = await inspectTarget(target, {server, source}, signal)
  if (state.other !== undefined) refuseUnlessNamed(request, source, state.other)
  const names = source.archives.map(({schema}) => schema)
  const safety = state.schemas.filter(({name}) => names.includes(name))
  const isAll = request.schema === undefined
  const isElsewhere = target.name !== undefined
  const {roles, statements} = isAll ? await findRoles(source, server) : NO_ROLES
  const {foreignKeys, triggers, publications} = state.dependents
  return {
    flags: sameFlags(request),
    root,
    server,
    source: {...source, archives: inOrderOfNeed(source.archives)},
    into: target.name,
    creates: target.creates,
    schemas: source.archives.map(({schema, known}) => ({
      schema,
      exists: safety.some(({name}) => name === schema),
      tables: compareRows(state.tables.get(schema), known?.tables),
    })),
    foreignKeys,
    triggers,
    publications,
    roles,
    before: [...statements, ...(isAll || isElsewhere ? missingExtensions(source, state.extensions) : [])],
    otherSchemas:
      isAll || isElsewhere
        ? state.schemas.map(({name}) => name).filter(name => !names.includes(name))
        : undefined,
    safety,
    expected: Math.ceil(source.archives.reduce((sum, {bytes}) => sum + bytes, 0) / PACE) + 1,
    lockTimeout: request.lockTimeout,
    notices: noticesOf(source, state.other),
  }
}

function noticesOf({passedOver, manifest}: RestoreSource, otherDatabase: string | undefined): string[] {
  return [
    ...passedOver.map(passedOverNotice),
    ...(otherDatabase === undefined ? [] : [`it is a backup of the database ${otherDatabase}`]),
    ...(manifest ? [] : ['there is no manifest for this file, so its rows cannot be compared']),
  ]
}

function passedOverNotice({id, state, reason}: BackupSet): string {
  return `the newer backup ${id} is ${state} and was passed over${reason === undefined ? '' : `: ${reason}`}`
}

type Tables = Archive['tables'] | undefined

function compareRows(now: Tables = [], then: Tables = []): PlannedSchema['tables'] {
  const names = [...new Set([...now, ...then].map(({name}) => name))].sort()
  const rowsOf = (tables: Archive['tables'], name: string): number | undefined =>
    tables.find(table => table.name === name)?.rows
  return names.map(name => ({name, now: rowsOf(now, name), then: rowsOf(then, name)}))
}
