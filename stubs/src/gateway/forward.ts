import type {IncomingHttpHeaders} from 'node:http'
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import {causeOf} from '../health/check.js'
import {CORRELATION_HEADER} from '../http/correlation.js'
import {pathOf, sendProblem} from '../http/problem.js'
import {type Attempt, lookupShuffled, pauseBeforeRetry, readSmallBody} from './retries.js'

/** Returns a handler that forwards requests to a service, and rejects paths that resolve outside of the prefix. */
export type Forwarder = (
  service: string,
  prefix: string,
) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** Creates a forwarder to the services at these origins. Paths are forwarded unchanged. */
export async function createForwarder(
  app: FastifyInstance,
  origins: ReadonlyMap<string, string>,
): Promise<Forwarder> {
  const {default: replyFrom} = await import('@fastify/reply-from')
  await app.register(replyFrom, {
    disableRequestLogging: true,
    http: {requestOptions: {timeout: 30_000}, agentOptions: {lookup: lookupShuffled}},
  })
  return (service, prefix) => async (request, reply) => {
    const path = pathOf(request.url)
    if (!isWithin(prefix, request.url)) {
      return sendProblem(reply, {status: 400, detail: `The path ${path} is outside of ${prefix}.`})
    }
    if (!isNormalized(request.url)) {
      return sendProblem(reply, {status: 400, detail: `The path ${path} is not in normalized form.`})
    }
    const body = await readSmallBody(request)
    return reply.from(undefined, {
      ...(body && {body, contentType: request.headers['content-type']!}),
      getUpstream: () => origins.get(service)!,
      rewriteRequestHeaders: (_, headers) => omitHopByHop({...headers, [CORRELATION_HEADER]: request.id}),
      rewriteHeaders: headers => ({...headers, [CORRELATION_HEADER]: request.id}),
      // Its types describe the request and the response of the client
      retryDelay: details => pauseBeforeRetry(details as unknown as Attempt),
      onError: (_, {error}) => void sendFailure(reply, service, error),
    })
  }
}

// Unlike the router, the URL parser resolves dot segments, encoded or not, backslashes and absolute URLs.
function isWithin(prefix: string, url: string): boolean {
  const {origin, pathname} = new URL(url, 'http://gateway')
  return origin === 'http://gateway' && `${pathname}/`.startsWith(`${prefix}/`)
}

// The token was checked for the path as sent. A service could read a path that the parser changes as another one:
// x\events becomes x/events.
function isNormalized(url: string): boolean {
  return new URL(url, 'http://gateway').pathname === pathOf(url)
}

/** Headers that apply to a single connection. curl sends Expect with a large body. */
const HOP_BY_HOP = new Set(['expect', 'keep-alive', 'upgrade'])

function omitHopByHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)))
}

function sendFailure(
  reply: FastifyReply,
  service: string,
  error: Error & {statusCode?: number},
): FastifyReply {
  const cause = causeOf(error.cause ?? error)
  return error.statusCode === 504
    ? sendProblem(reply, {
        status: 504,
        detail: `The service "${service}" did not respond in time: ${cause}`,
      })
    : sendProblem(reply, {status: 502, detail: `The service "${service}" cannot be reached: ${cause}`})
}
