import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import {correlationIdOf, CORRELATION_HEADER} from './correlation.js'
import {logOptions, RequestLog} from './log.js'
import {respondToMalformed} from './malformed.js'
import {HttpError, pathOf, sendProblem} from './problem.js'

/**
 * Creates the HTTP server of a service. It logs JSON lines, passes on correlation ids, and responds to unknown paths
 * and to errors with RFC 7807 documents.
 * @param isBehindProxy whether every request comes from a proxy, which says in X-Forwarded-For who its client is
 */
export function createApp(service: string, isBehindProxy: boolean): FastifyInstance {
  const logController = new RequestLog()
  const app = fastify({
    logger: logOptions(service),
    logController,
    // One proxy: what a client writes into the header itself does not count
    trustProxy: isBehindProxy ? (_, hop) => hop === 0 : false,
    genReqId: correlationIdOf,
    clientErrorHandler: respondToMalformed,
    // Node would reject a request without a Host header itself, with an empty body
    http: {requireHostHeader: false},
    // A URL that cannot be decoded reaches no route and no hook
    frameworkErrors: (error, request, reply) => {
      sendError(error, request, reply)
      logController.requestCompleted(error, request, reply)
    },
    // During the shutdown, requests on open connections are still served, with Connection: close
    return503OnClosing: false,
  })
  // Bodies are not parsed by default: the gateway forwards them as streams
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  app.addHook('onRequest', prepareResponse)
  app.setErrorHandler(sendError)
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, {status: 404, detail: notFoundMessage(service, request)}),
  )
  return app
}

/** Sets the correlation id, and rejects an HTTP/1.1 request without a Host header as RFC 9112 requires. */
async function prepareResponse(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  reply.header(CORRELATION_HEADER, request.id)
  if (request.headers.host !== undefined || request.raw.httpVersion !== '1.1') return undefined
  return sendProblem(reply, {status: 400, detail: 'An HTTP/1.1 request must have a Host header.'})
}

function notFoundMessage(service: string, {method, url}: FastifyRequest): string {
  return `The stub of the service "${service}" does not serve ${method} ${pathOf(url)}. It serves only the operations of its OpenAPI document.`
}

function sendError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500
  if (error instanceof HttpError) {
    sendProblem(reply, {status, detail: error.message, ...error.extras})
    return
  }
  if (status < 500) {
    sendProblem(reply, {status, detail: error.message})
    return
  }
  request.log.error({stack: error.stack}, `internal error: ${error.message}`)
  sendProblem(reply, {
    status,
    detail: 'The stub failed. Its log contains the cause under this correlationId.',
  })
}
