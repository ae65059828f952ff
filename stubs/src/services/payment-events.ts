// The payment stub informs the notification stub by NOTIFY, which stores nothing in the database.
import {setTimeout as sleep} from 'node:timers/promises'
import type {FastifyBaseLogger} from 'fastify'
import pg from 'pg'
import type {Database} from '../environment.js'
import {causeOf} from '../health/check.js'
import type {Money} from './money.js'

const CHANNEL = 'aquastream_stub_payment'
const TIMEOUT_MS = 1500
const RETRY_INTERVAL_MS = 500
/** Shorter than the pause before a provider repeats a webhook, which causes the next event. */
const RECONNECT_DELAY_MS = 250
/** TCP probes detect that the server of an idle connection is gone. */
const KEEP_ALIVE_DELAY_MS = 10_000

/** A payment was completed. */
export interface PaymentEvent {
  paymentId: string
  userId: string
  amount: Money
  description?: string
}

/**
 * Sends the event only if the notification stub listens. Its application_name is the name of the channel,
 * because PostgreSQL does not show which sessions listen to a channel.
 */
const NOTIFY_SQL = `SELECT pg_notify($1, $2) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = $1 LIMIT 1`

/** Sends events to the notification stub. */
export interface Notifier {
  /**
   * Sends an event, or keeps it in memory until the notification stub listens.
   *
   * @throws Error if the database is unavailable
   */
  notify(event: PaymentEvent): Promise<void>
  /** Closes the connection. Pending events are lost. */
  close(): Promise<void>
}

interface Subscription {
  onPayment: (event: PaymentEvent) => void
  log: FastifyBaseLogger
  /** Ends the subscription. */
  signal: AbortSignal
}

/** Creates a notifier that uses the database of the service. */
export function createNotifier(database: Database, log: FastifyBaseLogger): Notifier {
  const pool = new pg.Pool({...connectionOptions(database), max: 1, query_timeout: TIMEOUT_MS})
  // The pool drops an idle connection that breaks
  pool.on('error', () => {})
  const pending = new Set<PaymentEvent>()
  const stop = new AbortController()
  const send = async (event: PaymentEvent): Promise<boolean> =>
    (await pool.query(NOTIFY_SQL, [CHANNEL, JSON.stringify(event)])).rowCount === 1

  async function retryPending(): Promise<void> {
    const {signal} = stop
    while (!signal.aborted) {
      await sleep(RETRY_INTERVAL_MS, null, {signal, ref: false}).catch(() => null)
      for (const event of pending) if (await send(event).catch(() => false)) pending.delete(event)
    }
  }

  void retryPending()
  return {
    async notify(event) {
      if (await send(event)) return
      log.info(
        {paymentId: event.paymentId},
        'the notification stub is not listening; the event is kept in memory until it does',
      )
      pending.add(event)
    },
    async close() {
      stop.abort()
      await pool.end()
    },
  }
}

/** Listens for events until the signal aborts. A lost connection is restored. */
export async function subscribe(database: Database, subscription: Subscription): Promise<void> {
  const {log, signal} = subscription
  const isAborted = (): boolean => signal.aborted
  let last: string | null = null
  while (!isAborted()) {
    const cause = await listen(database, subscription, () => (last = null))
    // The same cause is logged once, not at every attempt to connect
    if (cause !== last && !isAborted()) log.warn(`not listening for payments: ${cause}`)
    last = cause
    await sleep(RECONNECT_DELAY_MS, null, {signal, ref: false}).catch(() => null)
  }
}

/** Listens until the connection ends, and returns the cause. */
async function listen(
  database: Database,
  {onPayment, log, signal}: Subscription,
  onListening: () => void,
): Promise<string> {
  const keepAlive = {keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS}
  const client = new pg.Client({...connectionOptions(database), ...keepAlive})
  const ended = new Promise<string>(resolve => {
    client.on('error', error => resolve(causeOf(error)))
    client.on('end', () => resolve('the connection ended'))
    signal.addEventListener('abort', () => resolve('the stub is stopping'), {once: true})
  })
  client.on('notification', ({payload}) => {
    const event = parseEvent(payload)
    if (event) onPayment(event)
    else log.warn(`ignored a notification on ${CHANNEL} that is not a payment event`)
  })
  try {
    await client.connect()
    await client.query(`LISTEN ${CHANNEL}`)
    // After LISTEN: the payment stub sends as soon as it sees the name
    await client.query(`SET application_name = ${CHANNEL}`)
    log.info('listening for payments')
    onListening()
    return await ended
  } catch (error) {
    return causeOf(error)
  } finally {
    void client.end().catch(() => {})
  }
}

/** Returns null if the payload is not an event: any user of the database can notify the channel. */
function parseEvent(payload = ''): PaymentEvent | null {
  try {
    const event = JSON.parse(payload) as Partial<PaymentEvent> | null
    return event?.paymentId && event.userId && event.amount?.value ? (event as PaymentEvent) : null
  } catch {
    return null
  }
}

function connectionOptions({host, port, database, user, password}: Database): pg.ClientConfig {
  return {host, port, database, user, password, connectionTimeoutMillis: TIMEOUT_MS}
}
