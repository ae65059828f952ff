import type {FastifyReply} from 'fastify'

/** What the Bot API refuses, in its words: those of tdlib/telegram-bot-api, the real server's source. */
export class TelegramError extends Error {
  constructor(
    readonly code: number,
    description: string,
  ) {
    super(description)
  }
}

export const badRequest = (what: string): TelegramError => new TelegramError(400, `Bad Request: ${what}`)
export const conflict = (what: string): TelegramError => new TelegramError(409, `Conflict: ${what}`)

export function sendError(reply: FastifyReply, {code, message}: TelegramError): FastifyReply {
  return reply.code(code).send({ok: false, error_code: code, description: message})
}

/** The answer to somebody who asks too often. */
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
