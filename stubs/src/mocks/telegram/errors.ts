import type {FastifyReply} from 'fastify'

/** An error of the Bot API. Descriptions are those of the real server, https://github.com/tdlib/telegram-bot-api. */
export class TelegramError extends Error {
  constructor(
    readonly code: number,
    description: string,
  ) {
    super(description)
  }
}

/** Creates an error with status 400. */
export const badRequest = (what: string): TelegramError => new TelegramError(400, `Bad Request: ${what}`)

/** Creates an error with status 409. */
export const conflict = (what: string): TelegramError => new TelegramError(409, `Conflict: ${what}`)

/** Ends a request with an error. */
export function sendError(reply: FastifyReply, {code, message}: TelegramError): FastifyReply {
  return reply.code(code).send({ok: false, error_code: code, description: message})
}

/** Ends a request with the error for too many requests. */
export function sendRetryAfter(reply: FastifyReply, seconds: number): FastifyReply {
  return reply
    .code(429)
    .header('Retry-After', seconds)
    .send({
      ok: false,
      error_code: 429,
      description: `Too Many Requests: retry after ${seconds}`,
      parameters: {retry_after: seconds},
    })
}
