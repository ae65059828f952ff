import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import {correlationIdOf, CORRELATION_HEADER} from './correlation.js'
import {logOptions, RequestLog} from './log.js'
import {answerMalformed} from './malformed.js'
import {pathOf, Refusal, sendProblem} from './problem.js'

/** A server that logs as agreed, carries correlation ids and answers all that it does not know by RFC 7807. */
export function createApp(service: string): FastifyInstance {
  const logController = new RequestLog()
  const app = fastify({
    logger: logOptions(service),
    logController,
    genReqId: correlationIdOf,
    clientErrorHandler: answerMalformed,
    // Node would answer a missing Host by itself, without a body
    http: {requireHostHeader: false},
    // A URL that cannot be decoded reaches no route, and with it no hook
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply)
      logController.requestCompleted(error, request, reply)
    },
    // Who comes on an open connection while we stop is still served, and told to close it
    return503OnClosing: false,
  })
  // No body is parsed here: a stub reads none, and the gateway passes it on as a stream
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  app.addHook('onRequest', greet)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => sendProblem(reply, 404, notFound(service, request)))
  return app
}

async function greet(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  reply.header(CORRELATION_HEADER, request.id)
  if (request.headers.host !== undefined || request.raw.httpVersion !== '1.1') return undefined
  return sendProblem(reply, 400, 'An HTTP/1.1 request needs a Host header.')
}

function notFound(service: string, {method, url}: FastifyRequest): string {
  return `No ${method} ${pathOf(url)} here: this is a stub of the service "${service}", and what its OpenAPI document does not have is not here.`
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500
  if (error instanceof Refusal) {
    sendProblem(reply, status, error.message, error.detail)
    return
  }
  if (status < 500) {
    sendProblem(reply, status, error.message)
    return
  }
  request.log.error({stack: error.stack}, `internal error: ${error.message}`)
  sendProblem(reply, status, 'The stub failed; its log has the reason under this correlationId.')
}
