// How the stub of payment tells the stub of notification: by NOTIFY, which stores nothing in the database.
import {setTimeout as sleep} from 'node:timers/promises'
import type {FastifyBaseLogger} from 'fastify'
import pg from 'pg'
import type {Database} from '../environment.js'
import {causeOf} from '../health/check.js'

const CHANNEL = 'aquastream_stub_payment'
const ANSWER_LIMIT_MS = 1500
/** Shorter than the pauses between the webhooks of a provider, which bring the next news. */
const RECONNECT_AFTER_MS = 250
/** A connection that says nothing for so long is probed, or its death would never be seen. */
const PROBE_AFTER_MS = 10_000

/** A payment that is paid. */
export interface PaymentNews {
  paymentId: string
  userId: string
  amount: {value: string; currency: string}
  description?: string
}

/** Tells whoever listens; nobody is fine too. */
export interface Teller {
  tell(news: PaymentNews): Promise<void>
  close(): Promise<void>
}

interface Hearing {
  onNews: (news: PaymentNews) => void
  log: FastifyBaseLogger
  signal: AbortSignal
}

export function tellerAt(database: Database): Teller {
  const pool = new pg.Pool({...connection(database), max: 1, query_timeout: ANSWER_LIMIT_MS})
  // An idle connection that breaks is dropped by the pool
  pool.on('error', () => {})
  return {
    async tell(news) {
      await pool.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify(news)])
    },
    close: () => pool.end(),
  }
}

/** Listens until the signal, again after each loss of the connection. What was told in between is missed. */
export async function hear(database: Database, hearing: Hearing): Promise<void> {
  const {log, signal} = hearing
  const over = (): boolean => signal.aborted
  let last: string | null = null
  while (!over()) {
    const cause = await listen(database, hearing, () => (last = null))
    // While the database is away, one line is enough
    if (cause !== last && !over()) log.warn(`does not hear of payments: ${cause}`)
    last = cause
    await sleep(RECONNECT_AFTER_MS, null, {signal, ref: false}).catch(() => null)
  }
}

/** Until the connection ends; says why it did. */
async function listen(
  database: Database,
  {onNews, log, signal}: Hearing,
  onReady: () => void,
): Promise<string> {
  const probes = {keepAlive: true, keepAliveInitialDelayMillis: PROBE_AFTER_MS}
  const client = new pg.Client({...connection(database), ...probes})
  const ended = new Promise<string>(resolve => {
    client.on('error', error => resolve(causeOf(error)))
    client.on('end', () => resolve('the connection ended'))
    signal.addEventListener('abort', () => resolve('the stub ends'), {once: true})
  })
  client.on('notification', ({payload}) => {
    const news = parsed(payload)
    if (news) onNews(news)
    else log.warn(`what came by ${CHANNEL} is no news of a payment`)
  })
  try {
    await client.connect()
    await client.query(`LISTEN ${CHANNEL}`)
    log.info('listens for payments')
    onReady()
    return await ended
  } catch (error) {
    return causeOf(error)
  } finally {
    void client.end().catch(() => {})
  }
}

/** Who may connect to the database may send anything. */
function parsed(payload = ''): PaymentNews | null {
  try {
    const news = JSON.parse(payload) as Partial<PaymentNews> | null
    return news?.paymentId && news.userId && news.amount?.value ? (news as PaymentNews) : null
  } catch {
    return null
  }
}

function connection({host, port, database, user, password}: Database): pg.ClientConfig {
  return {host, port, database, user, password, connectionTimeoutMillis: ANSWER_LIMIT_MS}
}
