import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../errors.js'
import {endBackends} from '../../postgres/backends.js'
import type {Server} from '../../postgres/server.js'
import {type Session, withSession} from '../../postgres/session.js'
import {literal} from '../../system/text/sql-quote.js'

/** How the transaction of a replay ended. */
export type Outcome = 'committed' | 'rolled back'

/** What is known of a replay that ended somehow. */
export interface Question {
  server: Server
  session: Session
  application: string
  /** What the script has said so far. */
  said: string[]
  /** Whether the end of the archives went out, wholly or in part: without it nothing can be committed. */
  mayCommit: boolean
  database: string | undefined
}

/** Seconds that a server gets to come back and say how a transaction ended. */
const PATIENCE = 20

/**
 * Ends what may still run of a replay, and asks the server how its transaction ended.
 * @throws restore-unknown
 */
export async function findOutcome(question: Question): Promise<Outcome> {
  const {server, session, application, database, said, mayCommit} = question
  if (said.includes('aquastream committed')) return 'committed'
  const ask = async (by: Session): Promise<Outcome> => {
    await endBackends(by, application)
    return await statusOf(by, question)
  }
  try {
    return await ask(session)
  } catch {
    const deadline = performance.now() + PATIENCE * 1000
    while (performance.now() < deadline && mayCommit) {
      try {
        return await withSession(server, {database, application: 'aquastream db:restore'}, ask)
      } catch {
        await sleep(500)
      }
    }
    if (!mayCommit) return 'rolled back'
    throw new AquastreamError('restore-unknown', `${server.name} went away while it committed`, {
      hint: 'the restore has happened whole or not at all; when the server is back, compare with aquastream db:restore --dry-run',
    })
  }
}

async function statusOf(session: Session, {said}: Question): Promise<Outcome> {
  const xid = said.flatMap(line => /^aquastream xid (\d+)$/.exec(line)?.[1] ?? [])[0]
  if (xid === undefined) return 'rolled back'
  const status = await session.json<string>(`SELECT to_json(pg_xact_status(${literal(xid)}::xid8))`)
  return status === 'committed' ? 'committed' : 'rolled back'
}
