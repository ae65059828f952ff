import {AquastreamError} from '../errors.js'
import type {Server} from './server.js'
import type {Session} from './session.js'

/**
 * The advisory lock of all commands that read or replace the schemas of a database; infra/backup/*.sh use the same
 * numbers.
 */
const LOCK = '1095849281, 1'
/** The advisory lock of a test restore, which does not conflict with a backup or a restore. */
export const TEST_RESTORE_LOCK = '1095849281, 2'

/**
 * Tries to take an advisory lock of the session level; returns whether it was free.
 * @throws SqlError
 */
export function tryLock(session: Session, lock: string): Promise<boolean> {
  return session.json(`SELECT to_json(pg_try_advisory_lock(${lock}))`)
}

interface LockHolder {
  application: string
  since: string
  client: string | null
}

/**
 * Takes the advisory lock of the database. The server releases it when the session ends, also after a crash.
 * @throws busy; SqlError
 */
export async function lockDatabase(session: Session, server: Server): Promise<void> {
  if (await tryLock(session, LOCK)) return
  throw busy(await findHolder(session), server)
}

/**
 * Checks that no command with this application_name holds the advisory lock of the database. Takes no lock.
 * @throws busy; SqlError
 */
export async function failIfRunning(session: Session, server: Server, application: string): Promise<void> {
  const holder = await findHolder(session)
  if (holder?.application === application) throw busy(holder, server)
}

function findHolder(session: Session): Promise<LockHolder | null> {
  return session.json(`
    SELECT json_build_object('application', application_name, 'since', backend_start, 'client', client_addr)
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND (classid, objid) = (${LOCK}) AND objsubid = 2
      AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT NULL LIMIT 1`)
}

function busy(holder: LockHolder | null, server: Server): AquastreamError {
  const who = holder
    ? `${holder.application}${holder.client ? ` from ${holder.client}` : ''}, since ${holder.since}`
    : 'another command'
  return new AquastreamError('busy', `${server.name} is locked by ${who}`, {
    hint: 'run the command again when it has finished',
  })
}
