import type {IncomingHttpHeaders} from 'node:http'
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import {causeOf} from '../health/check.js'
import {CORRELATION_HEADER} from '../http/correlation.js'
import {pathOf, sendProblem} from '../http/problem.js'

/** A handler that passes a request on to a service, unless its path leaves the prefix. */
export type Forwarder = (
  service: string,
  prefix: string,
) => (request: FastifyRequest, reply: FastifyReply) => FastifyReply

/** Makes handlers that pass requests on to the services' own servers, the path as it is. */
export async function forwarderTo(
  app: FastifyInstance,
  origins: ReadonlyMap<string, string>,
): Promise<Forwarder> {
  const {default: replyFrom} = await import('@fastify/reply-from')
  await app.register(replyFrom, {
    disableRequestLogging: true,
    http: {requestOptions: {timeout: 30_000}},
  })
  return (service, prefix) => (request, reply) => {
    if (!staysWithin(prefix, request.url)) {
      return sendProblem(reply, 400, `The path ${pathOf(request.url)} leaves ${prefix}.`)
    }
    if (!isPlain(request.url)) {
      return sendProblem(reply, 400, `The path ${pathOf(request.url)} is not encoded as a URL has to be.`)
    }
    return reply.from(undefined, {
      getUpstream: () => origins.get(service)!,
      rewriteRequestHeaders: (_, headers) => forwardable({...headers, [CORRELATION_HEADER]: request.id}),
      rewriteHeaders: headers => ({...headers, [CORRELATION_HEADER]: request.id}),
      // A 503 is the caller's to see; by default it would be tried ten times more
      retryDelay: () => null,
      onError: (_, {error}) => void sendFailure(reply, service, error),
    })
  }
}

// The URL parser resolves dots, encoded ones and backslashes too, and whole URLs, which the router does not.
function staysWithin(prefix: string, url: string): boolean {
  const {origin, pathname} = new URL(url, 'http://gateway')
  return origin === 'http://gateway' && `${pathname}/`.startsWith(`${prefix}/`)
}

// What the parser changes would be another path than the one whose token was checked: x\\events is x/events to it.
function isPlain(url: string): boolean {
  return new URL(url, 'http://gateway').pathname === pathOf(url)
}

// These concern one connection only (curl sends Expect with a large body).
const PER_CONNECTION = new Set(['expect', 'keep-alive', 'upgrade'])

function forwardable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PER_CONNECTION.has(name)))
}

function sendFailure(
  reply: FastifyReply,
  service: string,
  error: Error & {statusCode?: number},
): FastifyReply {
  const cause = causeOf(error.cause ?? error)
  return error.statusCode === 504
    ? sendProblem(reply, 504, `The service "${service}" did not answer in time: ${cause}`)
    : sendProblem(reply, 502, `The service "${service}" cannot be reached: ${cause}`)
}
