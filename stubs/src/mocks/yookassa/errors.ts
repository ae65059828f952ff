import {randomUUID} from 'node:crypto'
import type {FastifyReply} from 'fastify'

const CODES = {
  400: 'invalid_request',
  401: 'invalid_credentials',
  404: 'not_found',
  405: 'invalid_request',
  415: 'invalid_request',
  429: 'too_many_requests',
  500: 'internal_server_error',
} as const

/** An error of the API, with a code of https://yookassa.ru/developers/using-api/response-handling/http-codes. */
export class YooKassaError extends Error {
  constructor(
    readonly status: keyof typeof CODES,
    description: string,
    /** The parameter or header that is wrong. */
    readonly parameter?: string,
  ) {
    super(description)
  }
}

/** Creates the error for an invalid parameter. */
export const invalid = (parameter: string, description: string): YooKassaError =>
  new YooKassaError(400, description, parameter)

/** Ends a request with an error. */
export function sendError(reply: FastifyReply, {status, message, parameter}: YooKassaError): FastifyReply {
  return reply.code(status).send({
    type: 'error',
    id: randomUUID(),
    code: CODES[status],
    description: message,
    ...(parameter !== undefined && {parameter}),
  })
}
