import {lookup} from 'node:dns'
import type {IncomingMessage} from 'node:http'
import type {LookupFunction} from 'node:net'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import type {FastifyRequest} from 'fastify'
import {HttpError} from '../http/problem.js'

const MAX_RETRIES = 5
const PAUSE_MS = 200

/** A larger body is forwarded while it arrives, and cannot be sent again. */
const MAX_BODY_BYTES = 64 * 1024

/** The methods whose requests may be processed twice. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** The errors before a connection is established, so that no service can have processed the request. */
const NOT_CONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

/** The errors of a connection that is closed before the response. */
const CLOSED = ['ECONNRESET', 'EPIPE']

/** An attempt to forward a request, with its error or its response. */
export interface Attempt {
  err: NodeJS.ErrnoException | null
  req: {method: string; body?: unknown}
  res?: {statusCode: number; stream: IncomingMessage}
  /** The number of attempts before it. */
  attempt: number
}

/**
 * Returns after how many ms a request is sent again, or null if the client gets the outcome. A container that is being
 * replaced refuses or closes connections; one that is not ready yet responds with 503.
 */
export function pauseBeforeRetry({err, req: {method, body}, res, attempt}: Attempt): number | null {
  if (attempt >= MAX_RETRIES || body instanceof Readable) return null
  if (NOT_CONNECTED.includes(err?.code ?? '')) return PAUSE_MS
  if (!IDEMPOTENT.has(method)) return null
  if (CLOSED.includes(err?.code ?? '')) return PAUSE_MS
  if (res?.statusCode !== 503) return null
  // Otherwise the same connection would be used again, and so the same container.
  res.stream.destroy()
  return PAUSE_MS
}

/**
 * Reads a body that is small enough to be sent again.
 * @returns undefined if there is none, or if it has to be forwarded as a stream
 */
export async function readSmallBody({body, headers}: FastifyRequest): Promise<Buffer | undefined> {
  const isSmall = Number(headers['content-length'] ?? Infinity) <= MAX_BODY_BYTES
  if (!(body instanceof Readable) || !isSmall || headers['content-type'] === undefined) return undefined
  return buffer(body).catch(() => {
    throw new HttpError(400, 'The connection was closed before the end of the body.')
  })
}

/**
 * Resolves a host name at every connection, and returns its addresses in random order: the system library sorts them, so
 * that each attempt would reach the same container of a service.
 */
export const lookupShuffled: LookupFunction = (host, options, callback) => {
  lookup(host, {...options, all: true}, (error, addresses) => {
    if (error) {
      callback(error, '')
      return
    }
    const shuffled = shuffle(addresses)
    const [first] = shuffled
    if (options.all) callback(null, shuffled)
    else callback(null, first?.address ?? '', first?.family)
  })
}

function shuffle<T>(items: T[]): T[] {
  return items
    .map(item => ({item, key: Math.random()}))
    .sort((a, b) => a.key - b.key)
    .map(({item}) => item)
}
