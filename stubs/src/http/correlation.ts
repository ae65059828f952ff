import {randomUUID} from 'node:crypto'
import type {IncomingMessage} from 'node:http'

export const CORRELATION_HEADER = 'x-correlation-id'

/** The caller's correlation id if it is safe to log and to send on, else a new one. */
export function correlationIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[CORRELATION_HEADER]
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}
