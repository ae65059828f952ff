import type {Context} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {createDatabase} from '../../postgres/create-database.js'
import {lockDatabase} from '../../postgres/lock.js'
import {refusedAs, type Session, withSession} from '../../postgres/session.js'
import {readTools} from '../../postgres/versions.js'
import {shellQuote} from '../../system/text/shell-quote.js'
import {identifier} from '../../system/text/sql-quote.js'
import type {BackupEvent} from '../dump/dump.js'
import {listSchemas} from '../dump/snapshot.js'
import {writeSet} from '../dump/write-set.js'
import {deleteLeftovers} from '../repository/leftovers.js'
import {withDirectoryLock} from '../repository/lock.js'
import {rowsIn} from '../repository/manifest.js'
import type {RestoreNotice, RestorePlan} from './plan.js'
import {replay} from './replay.js'
import {manifestText, type RestoreSource} from './source.js'

/** Reports the progress of a restore; `read` and `total` are bytes of the archives. */
export type RestoreEvent =
  | {type: 'step'; step: 'safety' | 'replay' | 'commit'; state: 'started' | 'done'}
  | {type: 'bytes'; read: number; total: number}
  | {type: 'plan-notice'; notice: RestoreNotice}
  | BackupEvent

/** The JSON of `db:restore`. Durations are rounded to 0.1 s. */
export interface RestoreReport {
  server: string
  database: string | undefined
  /** ID of the backup, or the path of the archive that was restored. */
  from: string
  schemas: string[]
  /** Number of restored rows; undefined for an archive without a manifest. */
  rows: number | undefined
  /** Roles that were created; they have no password. */
  roles: string[]
  skippedForeignKeys: string[]
  /** Undefined when nothing was replaced. */
  undo: Undo | undefined
  /** How long the tables were locked: the longest time that a transaction can have waited to write to them. */
  lockedSeconds: number
  seconds: number
}

/** How to undo a restore. */
export interface Undo {
  /** ID of the safety backup. */
  id: string
  command: string
  /** The variables of the environment that the command needs with the same values, such as DATABASE_URL. */
  variables: string[]
}

/**
 * Applies a restore plan in one transaction: locks the tables, takes a safety backup, then replaces the schemas. If this rejects, the
 * database was not changed, unless the error is `restore-unknown`.
 * @throws busy, refused, backup-failed, restore-failed, archive-damaged, restore-unknown, backup-directory,
 *   disk-full, database-unreachable
 */
export async function applyRestore(plan: RestorePlan, ctx: Context<RestoreEvent>): Promise<RestoreReport> {
  const began = performance.now()
  const report = await withDirectoryLock(plan.root, 'db:restore', lost =>
    withDatabase(plan, session =>
      restoreLocked(plan, session, {on: ctx.on, signal: AbortSignal.any([ctx.signal, lost])}),
    ),
  ).catch(refusedAs('restore-failed'))
  return {...report, seconds: secondsSince(began)}
}

/** @param began a value of performance.now() */
function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10
}

/** Opens a session in the target database. A database created for the restore is dropped if the restore fails. */
async function withDatabase<T>(
  {server, into, creates}: RestorePlan,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const application = 'aquastream db:restore'
  if (!creates) return withSession(server, {database: into, application}, work)
  return withSession(server, {application}, async initial => {
    await createDatabase(initial, into!)
    try {
      return await withSession(server, {database: into, application}, work)
    } catch (error) {
      await initial.query(`DROP DATABASE ${identifier(into!)} WITH (FORCE)`).catch(() => undefined)
      throw error
    }
  })
}

async function restoreLocked(
  plan: RestorePlan,
  session: Session,
  ctx: Context<RestoreEvent>,
): Promise<Omit<RestoreReport, 'seconds'>> {
  const {server, source, into} = plan
  await lockDatabase(session, server)
  for (const notice of plan.notices) ctx.on({type: 'plan-notice', notice})
  // Best effort: an emergency must not wait until somebody deletes the leftovers of another user.
  await deleteLeftovers(plan.root).catch(() => undefined)
  let saved: string | undefined
  let locked = performance.now()
  const total = source.archives.reduce((sum, {bytes}) => sum + bytes, 0)
  const {skippedForeignKeys} = await replay(
    {
      archives: source.archives,
      lateDefinitions: plan.lateDefinitions,
      manifest: await manifestText(source),
      database: into,
      before: plan.before,
      extensions: plan.extensions,
      otherSchemas: plan.otherSchemas,
    },
    {server, session},
    {
      signal: ctx.signal,
      async onLocked() {
        locked = performance.now()
        saved = await save(plan, session, ctx)
        ctx.on({type: 'step', step: 'replay', state: 'started'})
      },
      onBytes(read) {
        ctx.on({type: 'bytes', read, total})
      },
      onSent() {
        ctx.on({type: 'step', step: 'replay', state: 'done'})
        ctx.on({type: 'step', step: 'commit', state: 'started'})
      },
    },
  ).catch((error: unknown) => {
    if (saved !== undefined) ctx.on({type: 'notice', text: `the safety backup ${saved} is kept`})
    if (isFailure(error)) throw nothingChanged(error)
    throw saved === undefined ? error : withUndoHint(error, undoOf(plan, saved))
  })
  ctx.on({type: 'step', step: 'commit', state: 'done'})
  return {
    server: server.name,
    database: into,
    from: source.set?.id ?? source.archives[0]!.path,
    schemas: source.archives.map(({schema}) => schema),
    rows: countRows(source),
    roles: plan.roles,
    skippedForeignKeys,
    undo: saved === undefined ? undefined : undoOf(plan, saved),
    lockedSeconds: secondsSince(locked),
  }
}

function isFailure(error: unknown): error is AquastreamError {
  return error instanceof AquastreamError && error.code === 'restore-failed'
}

function nothingChanged({message, hint, evidence}: AquastreamError): AquastreamError {
  return new AquastreamError('restore-failed', `nothing was changed: ${message}`, {hint, evidence})
}

/** Adds the undo command to an error with an unknown outcome: undoing is possible in both cases. */
function withUndoHint(error: unknown, {command, variables}: Undo): unknown {
  const isUnknown = error instanceof AquastreamError && error.code === 'restore-unknown'
  const needed = variables.length > 0 ? `, with the same ${variables.join(', ')} in the environment` : ''
  return isUnknown ? error.withHints(hint => `${hint}; to undo the restore${needed}: ${command}`) : error
}

function countRows({manifest, archives}: RestoreSource): number | undefined {
  return manifest && rowsIn(archives.flatMap(({known}) => known ?? []))
}

/**
 * Takes the safety backup. The tables are locked against writing: no row that a service writes from now on can be lost.
 * @returns its ID; undefined when there is nothing to save
 */
async function save(
  {root, server, source, into}: RestorePlan,
  session: Session,
  {on, signal}: Context<RestoreEvent>,
): Promise<string | undefined> {
  // List the schemas again, because a service may have created one since the plan was made.
  const names = source.archives.map(({schema}) => schema)
  const safety = (await listSchemas(session, names)).filter(({name}) => names.includes(name))
  if (safety.length === 0) return undefined
  on({type: 'step', step: 'safety', state: 'started'})
  const {id} = await writeSet(
    {
      root,
      chosen: safety,
      kind: 'safety',
      label: `before a restore from ${source.set?.id ?? 'a file'}`,
      pin: false,
      database: into,
      format: 'plain',
      compression: 'gzip',
      // Compressed by pg_dump itself: a restore must not depend on another program.
      level: 1,
      jobs: 2,
    },
    {server, session, tools: readTools(server)},
    {on, signal},
  )
  on({type: 'step', step: 'safety', state: 'done'})
  return id
}

function undoOf({flags, variables, source, into}: RestorePlan, id: string): Undo {
  const [first, ...others] = source.archives
  const what = first && others.length === 0 ? `--schema ${shellQuote(first.schema)}` : '--all'
  const where = into === undefined ? '' : ` --into ${shellQuote(into)}`
  return {id, command: `aquastream db:restore ${what} --from ${id}${where} ${flags}`, variables}
}
