import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../errors.js'
import {endBackends} from '../../postgres/backends.js'
import type {Server} from '../../postgres/server.js'
import {type Session, withSession} from '../../postgres/session.js'
import {literal} from '../../system/text/sql-quote.js'

/** How the transaction of a replay ended. */
export type Outcome = 'committed' | 'rolled back'

/** What is known about a replay whose program has ended or was aborted. */
export interface ReplayTrace {
  server: Server
  session: Session
  application: string
  /** The lines that restore.sh has written so far. */
  emitted: string[]
  /** Whether the end of the archives was sent, at least in part: without it the transaction cannot be committed. */
  mayCommit: boolean
  database: string | undefined
}

/** Seconds during which the query of the outcome is repeated if the server does not answer. */
const TIMEOUT = 20

/**
 * Terminates the backends of a replay that may still run, and asks the server how the transaction ended.
 * https://www.postgresql.org/docs/current/functions-info.html, pg_xact_status
 * @throws restore-unknown
 */
export async function findOutcome(trace: ReplayTrace): Promise<Outcome> {
  const {server, session, application, database, emitted, mayCommit} = trace
  if (emitted.includes('aquastream committed')) return 'committed'
  const ask = async (by: Session): Promise<Outcome> => {
    await endBackends(by, application)
    return await statusOf(by, trace)
  }
  try {
    return await ask(session)
  } catch {
    const deadline = performance.now() + TIMEOUT * 1000
    while (performance.now() < deadline && mayCommit) {
      try {
        return await withSession(server, {database, application: 'aquastream db:restore'}, ask)
      } catch {
        await sleep(500)
      }
    }
    if (!mayCommit) return 'rolled back'
    throw new AquastreamError('restore-unknown', `the connection to ${server.name} was lost during COMMIT`, {
      hint: 'the restore either completed or changed nothing; when the server is available again, compare with aquastream db:restore --dry-run',
    })
  }
}

async function statusOf(session: Session, {emitted}: ReplayTrace): Promise<Outcome> {
  const xid = emitted.flatMap(line => /^aquastream xid (\d+)$/.exec(line)?.[1] ?? [])[0]
  if (xid === undefined) return 'rolled back'
  const status = await session.json<string>(`SELECT to_json(pg_xact_status(${literal(xid)}::xid8))`)
  return status === 'committed' ? 'committed' : 'rolled back'
}
