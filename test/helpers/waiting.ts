import {setTimeout as sleep} from 'node:timers/promises'
import type {TestServer} from './postgres.js'

type Reached = Pick<TestServer, 'sql'>

/** Waits until a query returns rows. Throws if it returns none for 30 s. */
export async function until({sql}: Reached, query: string): Promise<void> {
  const deadline = performance.now() + 30_000
  while ((await sql(`SELECT count(*) FROM (${query}) q`)) === '0') {
    if (performance.now() > deadline) throw new Error(`no rows within 30 s: ${query}`)
    await sleep(20)
  }
}

/** Waits until a session of the CLI waits for a lock. */
export function waitingForTable(server: Reached): Promise<void> {
  return until(
    server,
    "SELECT FROM pg_stat_activity WHERE application_name LIKE 'aquastream%' AND wait_event_type = 'Lock'",
  )
}

/** Opens a session that locks a table until it is released. */
export async function hold(
  {sql}: Reached,
  table: string,
  mode = 'ACCESS SHARE',
): Promise<AsyncDisposable & {release: () => Promise<void>}> {
  const name = `holder ${Math.random()}`
  const session = sql(
    `SET application_name = '${name}'; BEGIN; LOCK TABLE ${table} IN ${mode} MODE; SELECT pg_sleep(120)`,
  )
  const ended = session.catch(() => undefined)
  await until(
    {sql},
    `SELECT FROM pg_stat_activity WHERE application_name = '${name}' AND query LIKE '%pg_sleep%' AND state = 'active' AND wait_event = 'PgSleep'`,
  )
  const release = async (): Promise<void> => {
    await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`)
    await ended
  }
  return {release, [Symbol.asyncDispose]: release}
}
