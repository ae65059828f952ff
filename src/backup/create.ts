import type {Profile} from '../config/profile.js'
import type {Context} from '../engines/engine.js'
import {findProfile} from '../engines/open.js'
import {lockDatabase} from '../postgres/lock.js'
import {reachServer, type ServerRequest} from '../postgres/server.js'
import {refusedAs, withSession} from '../postgres/session.js'
import type {ArchiveForm} from './archive/format.js'
import type {BackupEvent} from './dump/dump.js'
import {findLeftOut} from './dump/not-backed-up.js'
import {chooseSchemas, listSchemas} from './dump/snapshot.js'
import {type WrittenSet, writeSet} from './dump/write-set.js'
import {sweepLeftovers} from './repository/leftovers.js'
import {type BackupRequest, backupRoot} from './repository/location.js'
import {withDirectoryLock} from './repository/lock.js'
import {DEFAULT_POLICY} from './retention.js'
import {rotateLocked} from './rotate.js'

export interface CreateRequest extends BackupRequest, ServerRequest, ArchiveForm {
  /** Dumps at the same time. */
  jobs: number
  /** The platform's when empty. */
  schemas: string[]
  /** With those that the platform does not know. */
  allSchemas: boolean
  label: string | undefined
  pin: boolean
  /** Delete afterwards what the usual policy does not keep. */
  rotate: boolean
}

export interface BackupReport extends WrittenSet {
  profile: Profile
  /** Sets that were deleted afterwards, when that was asked for. */
  rotated?: string[]
}

/** Backs up schemas as they all were at one moment, into a new set; when it fails there is none. */
export async function createBackup(asked: CreateRequest, ctx: Context<BackupEvent>): Promise<BackupReport> {
  // Found once: a stack that starts meanwhile must not put one profile's data among the other's.
  const request = {...asked, profile: await findProfile(asked)}
  const root = await backupRoot(request)
  const server = await reachServer(request)
  return withDirectoryLock(root, 'db:backup', lost =>
    withSession(server, {application: 'aquastream db:backup'}, async session => {
      await lockDatabase(session, server)
      await sweepLeftovers(root)
      const {chosen, unknown} = chooseSchemas(await listSchemas(session), {
        ...request,
        all: request.allSchemas,
      })
      if (unknown.length > 0) ctx.on({type: 'notice', text: notTaken(unknown)})
      const names = chosen.map(({name}) => name)
      for (const text of await findLeftOut(session, names)) ctx.on({type: 'notice', text})
      const signal = AbortSignal.any([ctx.signal, lost])
      const set = {...request, root, chosen, kind: 'backup' as const}
      const written = await writeSet(set, {server, session}, {on: ctx.on, signal})
      const report = {...written, profile: request.profile}
      if (!request.rotate) return report
      const {deleted} = await rotateLocked(root, DEFAULT_POLICY, {on: () => undefined, signal})
      return {...report, rotated: deleted.map(({id}) => id)}
    }),
  ).catch(refusedAs('backup-failed'))
}

function notTaken(schemas: string[]): string {
  return `not part of the platform and not backed up: ${schemas.join(', ')}; --all-schemas takes them too`
}
