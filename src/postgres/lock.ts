import {AquastreamError} from '../errors.js'
import type {Server} from './server.js'
import type {Session} from './session.js'

/** The same two numbers as in infra/backup/*.sh: "aquastream works on the backups or schemas of this database". */
const LOCK = '1095849281, 1'

interface Holder {
  application: string
  since: string
  client: string | null
}

/**
 * Takes the one lock of the database. The server gives it back when the session ends, however that ends.
 * @throws busy
 */
export async function lockDatabase(session: Session, server: Server): Promise<void> {
  if (await session.json<boolean>(`SELECT to_json(pg_try_advisory_lock(${LOCK}))`)) return
  const holder = await session.json<Holder | null>(`
    SELECT json_build_object('application', application_name, 'since', backend_start, 'client', client_addr)
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND (classid, objid) = (${LOCK}) AND objsubid = 2
      AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT NULL LIMIT 1`)
  const who = holder
    ? `${holder.application}${holder.client ? ` from ${holder.client}` : ''}, since ${holder.since}`
    : 'another run'
  throw new AquastreamError('busy', `${server.name} is locked by ${who}`, {
    hint: 'run the same command again when that has ended',
  })
}
