import {setTimeout as sleep} from 'node:timers/promises'
import {literal} from '../system/text/sql-quote.js'
import type {Session} from './session.js'

/** Seconds that a backend gets to end. */
const PATIENCE = 20

/** Ends whatever a program of this name still does on the server: it need not notice that nobody waits for it. */
export async function endBackends(session: Session, application: string): Promise<void> {
  const deadline = performance.now() + PATIENCE * 1000
  for (;;) {
    // In a transaction the list of backends stays what it was when it was first asked for.
    await session.query('SELECT pg_stat_clear_snapshot()')
    const left = await session.json<number>(
      `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = ${literal(application)}`,
    )
    if (left === 0) return
    if (performance.now() > deadline) throw new Error('a backend does not end')
    await sleep(20)
  }
}
