import type {StackContext} from '../../engines/stack-context.js'
import {reachServer, type Server, withLockTimeout} from '../../postgres/server.js'
import {refusedAs} from '../../postgres/session.js'
import {checkDump, type CheckedDump} from '../archive/check-dump.js'
import type {DumpPart} from '../archive/split-dump.js'
import type {DumpedTable} from '../archive/tables.js'
import {allOrFirstError, inParallel} from '../dump/parallel.js'
import type {SchemaSize} from '../dump/snapshot.js'
import type {BackupSet} from '../repository/backup-set.js'
import type {Manifest} from '../repository/manifest.js'
import {sortByDependency} from './order.js'
import {findRoles, missingExtensions, NO_ROLES} from './prerequisites.js'
import {type Choice, findSource, type RestoreSource} from './source.js'
import {findTarget, inspectTarget, type RestoreTarget, type TargetState} from './target.js'
import {refuseUnlessNamed} from './wrong-database.js'

/** Selects what `db:restore` restores, and where to. */
export interface RestoreRequest {
  stack: StackContext
  /** The schema to restore; if undefined, all schemas of the backup and its roles. */
  schema: string | undefined
  from: string
  at: string | undefined
  file: string | undefined
  /** Another database of the same server to restore into. */
  into: string | undefined
  /** Create the database `into` if it does not exist. */
  create: boolean
  /** Seconds to wait for locks on tables that are in use. */
  lockTimeout: number
}

/**
 * The restore plan: what a restore would change. Planning changes nothing; `applyRestore` applies exactly this plan.
 */
export interface RestorePlan {
  /** Flags that make another command use the same repository and server. */
  flags: string
  /** The variables of the environment that such a command also needs. */
  variables: string[]
  root: string
  server: Server
  source: RestoreSource
  /** The definitions that the archives contain after their rows. */
  lateDefinitions: DumpPart[]
  into: string | undefined
  /** The database `into` does not exist and is created first. */
  creates: boolean
  schemas: PlannedSchema[]
  /** Dependents in other schemas, which are recreated in the restore transaction. */
  foreignKeys: string[]
  triggers: string[]
  publications: string[]
  /** Tables of other schemas that nobody can read or write while the schemas are replaced. */
  lockedTables: string[]
  /** Roles of the backup that the server lacks; `before` are the SQL statements that create them. */
  roles: string[]
  before: string[]
  /** Extensions of the backup that the database lacks and no archive creates. */
  extensions: Manifest['extensions']
  /**
   * The other schemas of the target, if the dump may refer to schemas that do not exist there; undefined otherwise.
   */
  otherSchemas: string[] | undefined
  /** Schemas to save in a safety backup first, with their size on the disk of the server. */
  safety: SchemaSize[]
  /** Estimated seconds of the replay. */
  expected: number
  notices: RestoreNotice[]
}

/** What a person has to know before a restore, besides its changes. */
export type RestoreNotice =
  /** A newer backup was skipped, because it is not complete or is dated in the future. */
  | {type: 'skipped-backup'; id: string; state: BackupSet['state']; reason: string | undefined}
  /** A newer backup was skipped, because it lacks schemas of the platform. */
  | {type: 'narrower-backup'; id: string; schemas: string[]}
  /** Schemas of the platform that the backup lacks. */
  | {type: 'missing-schemas'; schemas: Choice['missing']}
  /** Foreign keys of other schemas that exist only in the backup, so they are not created. */
  | {type: 'missing-foreign-keys'; names: string[]}
  /** The backup is of another database. */
  | {type: 'other-database'; name: string}
  /** The archive has no manifest, so row counts cannot be compared. */
  | {type: 'no-manifest'}

/** What a restore would change in one schema; rows are counted `now` in the database and `then` in the backup. */
export interface PlannedSchema {
  schema: string
  /** True if the schema exists and is replaced; false if it is created. */
  exists: boolean
  tables: {name: string; now: number | undefined; then: number | undefined}[]
}

/** Bytes of an archive replayed per second: an estimate for two cores, gzip, and including indexes. */
const PACE = 8 * 1024 ** 2

/**
 * Verifies the archives and determines what their restore would change. Changes nothing.
 * @throws no-such-backup, no-such-schema, archive-damaged, refused, busy, restore-failed, usage; also the errors of
 *   `reachServer`
 */
export function planRestore(request: RestoreRequest, signal: AbortSignal): Promise<RestorePlan> {
  return makePlan(request, signal).catch(refusedAs('restore-failed'))
}

async function makePlan(request: RestoreRequest, signal: AbortSignal): Promise<RestorePlan> {
  const {backups: root, serverFlags, serverVariables} = request.stack
  const source = await findSource(request, root)
  const server = withLockTimeout(await reachServer(request.stack), request.lockTimeout)
  const {checked, target, state} = await checkAll(request, {server, source}, signal)
  if (state.other !== undefined) refuseUnlessNamed(request, source, state.other)
  const names = source.archives.map(({schema}) => schema)
  const safety = state.schemas.filter(({name}) => names.includes(name))
  const isAll = request.schema === undefined
  const isElsewhere = target.name !== undefined
  const {roles, statements} = isAll ? await findRoles(source, server) : NO_ROLES
  const {foreignKeys, triggers, publications, lockedTables} = state.dependents
  const archives = sortByDependency(source.archives)
  return {
    flags: serverFlags,
    variables: serverVariables,
    root,
    server,
    source: {...source, archives},
    lateDefinitions: archives.flatMap(({schema}) => checked.get(schema)?.lateDefinitions ?? []),
    into: target.name,
    creates: target.creates,
    schemas: source.archives.map(({schema, known}) => ({
      schema,
      exists: safety.some(({name}) => name === schema),
      tables: compareRows(state.tables.get(schema), known?.tables ?? checked.get(schema)?.tables),
    })),
    foreignKeys,
    triggers,
    publications,
    lockedTables,
    roles,
    before: statements,
    extensions: isAll || isElsewhere ? missingExtensions(source, state.extensions) : [],
    otherSchemas:
      isAll || isElsewhere
        ? state.schemas.map(({name}) => name).filter(name => !names.includes(name))
        : undefined,
    safety,
    expected: Math.ceil(source.archives.reduce((sum, {bytes}) => sum + bytes, 0) / PACE) + 1,
    notices: noticesOf(source, state),
  }
}

/** Archives that are checked at the same time: decompression has its own thread, and the scan shares one. */
const CHECKS = 2

/** Verifies the archives and meanwhile inspects the target. The first failure ends both. */
async function checkAll(
  request: RestoreRequest,
  {server, source}: {server: Server; source: RestoreSource},
  signal: AbortSignal,
): Promise<{checked: Map<string, CheckedDump>; target: RestoreTarget; state: TargetState}> {
  const failed = new AbortController()
  const until = AbortSignal.any([signal, failed.signal])
  const abort = (error: unknown): never => {
    failed.abort(error)
    throw error
  }
  const inspect = async (): Promise<{target: RestoreTarget; state: TargetState}> => {
    const target = await findTarget(request, server)
    return {target, state: await inspectTarget(target, {server, source}, until)}
  }
  const archives = new Map(source.archives.map(archive => [archive.schema, archive]))
  const check = (schema: string): Promise<CheckedDump> => checkDump(archives.get(schema)!, server, until)
  const [checked, found] = await allOrFirstError([
    inParallel([...archives.keys()], CHECKS, check).catch(abort),
    inspect().catch(abort),
  ])
  return {checked, ...found}
}

function noticesOf(
  {choice: {skipped, narrower, missing}, manifest}: RestoreSource,
  {other, missingForeignKeys}: TargetState,
): RestoreNotice[] {
  return [
    ...skipped.map(({id, state, reason}) => ({type: 'skipped-backup', id, state, reason}) as const),
    ...(narrower ? [{type: 'narrower-backup', id: narrower.id, schemas: narrower.schemas} as const] : []),
    ...(missing.length === 0 ? [] : [{type: 'missing-schemas', schemas: missing} as const]),
    ...(missingForeignKeys.length === 0
      ? []
      : [{type: 'missing-foreign-keys', names: missingForeignKeys} as const]),
    ...(other === undefined ? [] : [{type: 'other-database', name: other} as const]),
    ...(manifest ? [] : [{type: 'no-manifest'} as const]),
  ]
}

type Tables = DumpedTable[] | undefined

function compareRows(now: Tables = [], then: Tables = []): PlannedSchema['tables'] {
  const names = [...new Set([...now, ...then].map(({name}) => name))].sort()
  const rowsOf = (tables: DumpedTable[], name: string): number | undefined =>
    tables.find(table => table.name === name)?.rows
  return names.map(name => ({name, now: rowsOf(now, name), then: rowsOf(then, name)}))
}
