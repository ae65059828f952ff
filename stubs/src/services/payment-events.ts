// How the stub of payment tells the stub of notification: by NOTIFY, which stores nothing in the database.
import {setTimeout as sleep} from 'node:timers/promises'
import type {FastifyBaseLogger} from 'fastify'
import pg from 'pg'
import type {Database} from '../environment.js'
import {causeOf} from '../health/check.js'

const CHANNEL = 'aquastream_stub_payment'
const ANSWER_LIMIT_MS = 1500
const TELL_AGAIN_AFTER_MS = 500
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

/** To those who listen, and only if somebody does: they have the name of the channel as well. */
const TELL = `SELECT pg_notify($1, $2) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = $1 LIMIT 1`

/** Tells who listens. What nobody hears is kept in memory until somebody does. */
export interface Teller {
  tell(news: PaymentNews): Promise<void>
  close(): Promise<void>
}

interface Hearing {
  onNews: (news: PaymentNews) => void
  log: FastifyBaseLogger
  signal: AbortSignal
}

export function tellerAt(database: Database, log: FastifyBaseLogger): Teller {
  const pool = new pg.Pool({...connection(database), max: 1, query_timeout: ANSWER_LIMIT_MS})
  // An idle connection that breaks is dropped by the pool
  pool.on('error', () => {})
  const unheard = new Set<PaymentNews>()
  const stop = new AbortController()
  const isHeard = async (news: PaymentNews): Promise<boolean> =>
    (await pool.query(TELL, [CHANNEL, JSON.stringify(news)])).rowCount === 1

  async function tellAgain(): Promise<void> {
    const {signal} = stop
    while (!signal.aborted) {
      await sleep(TELL_AGAIN_AFTER_MS, null, {signal, ref: false}).catch(() => null)
      for (const news of unheard) if (await isHeard(news).catch(() => false)) unheard.delete(news)
    }
  }

  void tellAgain()
  return {
    async tell(news) {
      if (await isHeard(news)) return
      log.info({paymentId: news.paymentId}, 'no stub of notification listens: it is told when it does')
      unheard.add(news)
    },
    async close() {
      stop.abort()
      await pool.end()
    },
  }
}

/** Listens until the signal, again after each loss of the connection. */
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
    // In this order: who sees the name may tell
    await client.query(`SET application_name = ${CHANNEL}`)
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
