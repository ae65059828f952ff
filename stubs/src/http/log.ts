import {LogController, type FastifyReply, type FastifyRequest, type FastifyServerOptions} from 'fastify'
import {causeOf} from '../health/check.js'
import {pathOf} from './problem.js'

/** Returns the options of Fastify's logger, which writes one JSON line per event to stdout. */
export function logOptions(service: string): NonNullable<FastifyServerOptions['logger']> {
  return {
    base: {service},
    messageKey: 'message',
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: {level: level => ({level})},
    // The other properties of an error may contain arguments of a command, such as a password
    serializers: {err: error => ({type: error.name, message: causeOf(error), stack: error.stack ?? ''})},
  }
}

/** Logs one line per request, when its response is complete. */
export class RequestLog extends LogController {
  constructor() {
    super({requestIdLogLabel: 'correlationId'})
  }

  override incomingRequest(): void {}

  override requestCompleted(_: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const {method} = request
    const path = maskBotToken(pathOf(request.url))
    const status = reply.statusCode
    const line = {method, path, status, durationMs: Math.round(reply.elapsedTime)}
    request.log[status < 500 ? 'info' : 'warn'](line, `${method} ${path} ${status}`)
  }
}

// Paths of the Telegram Bot API begin with the token of the bot.
function maskBotToken(path: string): string {
  return path.replace(/^(\/+)bot[^/]*/i, '$1bot***')
}
