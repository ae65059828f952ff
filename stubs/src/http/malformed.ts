import type {Socket} from 'node:net'
import {STATUS_CODES} from 'node:http'
import type {FastifyInstance} from 'fastify'
import {correlationIdOf, CORRELATION_HEADER} from './correlation.js'
import {problem, PROBLEM_TYPE} from './problem.js'

const STATUSES: Record<string, number> = {HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408}

/** Answers what the HTTP parser refused, which has no request and reply yet, by hand. */
export function answerMalformed(this: FastifyInstance, error: Error & {code?: string}, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUSES[error.code ?? ''] ?? 400
  const correlationId = correlationIdOf({headers: {}})
  const body = JSON.stringify(problem(status, error.message, {path: '/', correlationId}))
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
