import {STATUS_CODES} from 'node:http'
import type {FastifyReply} from 'fastify'
import {CORRELATION_HEADER} from './correlation.js'

/** The media type of an RFC 7807 document. */
export const PROBLEM_TYPE = 'application/problem+json'

/** An invalid field of a request. `field` is empty if the error concerns the whole body. */
export interface FieldError {
  field: string
  message: string
}

/** An RFC 7807 document with the extensions `correlationId` and `errors`. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  /** The path of the request without its query, which may contain a token. */
  instance: string
  correlationId: string
  errors?: FieldError[]
}

interface ProblemExtras {
  errors?: FieldError[]
  /** Response headers, such as `WWW-Authenticate`. */
  headers?: Record<string, string>
}

/** Thrown to end a request with a problem document. The message becomes its `detail`. */
export class HttpError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(message)
  }
}

/** Creates an RFC 7807 document. Its title is the standard text of the status. */
export function createProblem(
  fields: Pick<Problem, 'status' | 'detail' | 'instance' | 'correlationId'>,
): Problem {
  return {type: 'about:blank', title: STATUS_CODES[fields.status] ?? 'Error', ...fields}
}

/** Ends a request with an RFC 7807 document. */
export function sendProblem(
  reply: FastifyReply,
  {status, detail, errors, headers = {}}: ProblemExtras & Pick<Problem, 'status' | 'detail'>,
): FastifyReply {
  const {id: correlationId, url} = reply.request
  const problem = createProblem({status, detail, instance: pathOf(url), correlationId})
  return reply
    .code(status)
    .headers({...headers, [CORRELATION_HEADER]: correlationId})
    .type(PROBLEM_TYPE)
    .send({...problem, ...(errors ? {errors} : {})})
}

/** Returns the path of a URL as the client sent it, without the query. */
export function pathOf(url: string): string {
  return url.replace(/\?.*$/s, '')
}
