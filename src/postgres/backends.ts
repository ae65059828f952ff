import {setTimeout as sleep} from 'node:timers/promises'
import {literal} from '../system/text/sql-quote.js'
import type {Session} from './session.js'

/** Seconds to wait until the terminated backends have exited. */
const TIMEOUT_S = 20

/**
 * Terminates all backends with this application_name. A backend does not always notice that its client is gone.
 * @throws SqlError when the server refuses it; Error when a backend still runs after 20 s
 */
export async function endBackends(session: Session, application: string): Promise<void> {
  const deadline = performance.now() + TIMEOUT_S * 1000
  for (;;) {
    // Within a transaction, pg_stat_activity is a snapshot of the first access.
    // https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-STATS-VIEWS
    await session.query('SELECT pg_stat_clear_snapshot()')
    const left = await session.json<number>(
      `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = ${literal(application)}`,
    )
    if (left === 0) return
    if (performance.now() > deadline) throw new Error('a backend has not exited')
    await sleep(20)
  }
}
