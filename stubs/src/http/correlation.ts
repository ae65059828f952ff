import {randomUUID} from 'node:crypto'
import type {IncomingMessage} from 'node:http'

/** The header that carries the correlation id from the client through all services and back. */
export const CORRELATION_HEADER = 'x-correlation-id'

/** Returns the correlation id of the request if it is safe to log and to forward, otherwise a new one. */
export function correlationIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[CORRELATION_HEADER]
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}
