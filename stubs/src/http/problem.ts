import {STATUS_CODES} from 'node:http'
import type {FastifyReply} from 'fastify'
import {CORRELATION_HEADER} from './correlation.js'

export const PROBLEM_TYPE = 'application/problem+json'

/** What is wrong with one field of a request; the field is empty for the whole body. */
export interface FieldError {
  field: string
  message: string
}

export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  correlationId: string
  errors?: FieldError[]
}

interface Detail {
  errors?: FieldError[]
  headers?: Record<string, string>
}

/** Thrown where a request cannot be done; answered as a problem document with this status. */
export class Refusal extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
    readonly detail: Detail = {},
  ) {
    super(message)
  }
}

/** An RFC 7807 document. The instance is a path without its query, which may hold a token. */
export function problem(
  status: number,
  detail: string,
  about: {path: string; correlationId: string},
): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance: about.path,
    correlationId: about.correlationId,
  }
}

/** Answers a request with an RFC 7807 document. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  {errors, headers = {}}: Detail = {},
): FastifyReply {
  const {id: correlationId, url} = reply.request
  const body = {...problem(status, detail, {path: pathOf(url), correlationId}), ...(errors ? {errors} : {})}
  return reply
    .code(status)
    .headers({...headers, [CORRELATION_HEADER]: correlationId})
    .type(PROBLEM_TYPE)
    .send(body)
}

/** A URL's path as the client wrote it, without the query. */
export function pathOf(url: string): string {
  return url.replace(/\?.*$/s, '')
}
