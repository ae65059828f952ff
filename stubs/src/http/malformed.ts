import type {Socket} from 'node:net'
import {STATUS_CODES} from 'node:http'
import type {FastifyInstance} from 'fastify'
import {correlationIdOf, CORRELATION_HEADER} from './correlation.js'
import {createProblem, PROBLEM_TYPE} from './problem.js'

/** The statuses for error codes of Node's HTTP parser; every other code results in 400. */
const STATUSES: Record<string, number> = {HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408}

/** Responds to a request that the HTTP parser rejected. Fastify has no request and no reply at this point. */
export function respondToMalformed(
  this: FastifyInstance,
  error: Error & {code?: string},
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUSES[error.code ?? ''] ?? 400
  const correlationId = correlationIdOf({headers: {}})
  const body = JSON.stringify(createProblem({status, detail: error.message, instance: '/', correlationId}))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${CORRELATION_HEADER}: ${correlationId}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  this.log.info({correlationId, status}, `malformed request: ${error.message}`)
}
