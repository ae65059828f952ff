import {availableParallelism} from 'node:os'
import type {Profile} from '../config/profile.js'
import type {Context} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {lockDatabase} from '../postgres/lock.js'
import {namingPrivileges} from '../postgres/privileges.js'
import {reachServer} from '../postgres/server.js'
import {refusedAs, withSession} from '../postgres/session.js'
import {readTools} from '../postgres/versions.js'
import type {ArchiveForm} from './archive/format.js'
import type {BackupEvent} from './dump/dump.js'
import {findNotBackedUp} from './dump/not-backed-up.js'
import {chooseSchemas, listSchemas} from './dump/snapshot.js'
import {type WrittenSet, writeSet} from './dump/write-set.js'
import {DEFAULT_POLICY} from './policy.js'
import {deleteLeftovers} from './repository/leftovers.js'
import {withDirectoryLock} from './repository/lock.js'
import type {Manifest} from './repository/manifest.js'
import {rotateLocked} from './rotate.js'

/** Returns how many archives are written at once if nobody says otherwise. */
export function defaultJobs(): number {
  return Math.min(availableParallelism(), 4)
}

/** Selects what `db:backup` backs up, and how. */
export interface CreateRequest extends ArchiveForm {
  stack: StackContext
  /** Number of parallel dumps. */
  jobs: number
  /** Names of schemas; an empty list means the schemas of the platform. */
  schemas: string[]
  /** Include schemas that do not belong to the platform. */
  allSchemas: boolean
  label: string | undefined
  /** `safety`: rotation keeps it for some days, and it does not count for the policy. */
  kind: Manifest['kind']
  pin: boolean
  /** Afterwards delete the backups that the default retention policy does not keep. */
  rotate: boolean
}

/** The JSON of `db:backup`. */
export interface BackupReport extends WrittenSet {
  profile: Profile
  /** IDs of the backups that rotation deleted afterwards, if it was requested. */
  rotated?: string[]
}

/** A backup that is complete, although the rotation after it may have failed. */
export interface CreatedBackup {
  report: BackupReport
  /** Undefined if the rotation succeeded or was not requested. */
  rotationFailure: AquastreamError | undefined
}

/**
 * Writes a backup of schemas, all from one snapshot, and rotates afterwards if requested. A failure leaves no new
 * backup, except an interruption of the rotation, whose error names the backup.
 * @throws no-such-schema, busy, backup-failed, tool-too-old, tool-too-new, database-unreachable, backup-directory,
 *   disk-full, interrupted, terminated; also the errors of `reachServer`
 */
export async function createBackup(
  request: CreateRequest,
  ctx: Context<BackupEvent>,
): Promise<CreatedBackup> {
  const {profile, backups: root} = request.stack
  const server = await reachServer(request.stack)
  // While the lock is taken and the connection is made. An error is reported where the tools are needed.
  const tools = readTools(server)
  tools.catch(() => undefined)
  return withDirectoryLock(root, 'db:backup', lost =>
    withSession(server, {application: 'aquastream db:backup'}, async session => {
      await lockDatabase(session, server)
      await deleteLeftovers(root)
      const {chosen, unknown} = chooseSchemas(await listSchemas(session), {
        ...request,
        all: request.allSchemas,
      })
      if (unknown.length > 0) ctx.on({type: 'notice', text: skippedSchemas(unknown)})
      const names = chosen.map(({name}) => name)
      for (const text of await findNotBackedUp(session, names)) ctx.on({type: 'notice', text})
      const signal = AbortSignal.any([ctx.signal, lost])
      const set = {...request, root, chosen}
      const written = await writeSet(set, {server, session, tools}, {on: ctx.on, signal}).catch(
        namingPrivileges(session, names),
      )
      const report = {...written, profile}
      return request.rotate ? rotateAfter(report, root, signal) : {report, rotationFailure: undefined}
    }),
  ).catch(refusedAs('backup-failed'))
}

/** Rotates after a backup. A failure does not hide that the backup is complete. */
async function rotateAfter(report: BackupReport, root: string, signal: AbortSignal): Promise<CreatedBackup> {
  try {
    const {deleted} = await rotateLocked(root, DEFAULT_POLICY, {on: () => undefined, signal})
    return {report: {...report, rotated: deleted.map(({id}) => id)}, rotationFailure: undefined}
  } catch (error) {
    if (!(error instanceof AquastreamError)) throw error
    const {code, message, hint} = error
    const complete = `backup ${report.id} is complete, its rotation`
    if (code === 'interrupted' || code === 'terminated') {
      throw new AquastreamError(code, `${complete} was interrupted`, {
        hint: 'delete old backups: aquastream db:rotate',
      })
    }
    return {report, rotationFailure: new AquastreamError(code, `${complete} failed: ${message}`, {hint})}
  }
}

function skippedSchemas(schemas: string[]): string {
  return `skipped, not part of the platform: ${schemas.join(', ')} (add --all-schemas)`
}
