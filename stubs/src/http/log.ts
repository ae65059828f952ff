import {LogController, type FastifyReply, type FastifyRequest, type FastifyServerOptions} from 'fastify'
import {causeOf} from '../health/check.js'
import {pathOf} from './problem.js'

/** Options of Fastify's logger: one JSON line per event on stdout. */
export function logOptions(service: string): NonNullable<FastifyServerOptions['logger']> {
  return {
    base: {service},
    messageKey: 'message',
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: {level: level => ({level})},
    // All properties of an error may hold a command's arguments, such as a password
    serializers: {err: error => ({type: error.name, message: causeOf(error), stack: error.stack ?? ''})},
  }
}

/** One line per request, when it is answered. */
export class RequestLog extends LogController {
  constructor() {
    super({requestIdLogLabel: 'correlationId'})
  }

  override incomingRequest(): void {}

  override requestCompleted(_: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const {method} = request
    const path = withoutToken(pathOf(request.url))
    const status = reply.statusCode
    const line = {method, path, status, durationMs: Math.round(reply.elapsedTime)}
    request.log[status < 500 ? 'info' : 'warn'](line, `${method} ${path} ${status}`)
  }
}

// The path of a call of the Telegram Bot API begins with its token.
function withoutToken(path: string): string {
  return path.replace(/^(\/+)bot[^/]*/i, '$1bot***')
}
