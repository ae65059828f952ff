import type {FastifyRequest} from 'fastify'
import {HttpError} from '../http/problem.js'
import type {Operation} from './document.js'

const JSON_TYPE = 'application/json'

const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Returns whether the body of a request is a form, as in the webhooks of CloudPayments. */
export function isForm(request: Pick<FastifyRequest, 'headers'>): boolean {
  return mediaTypeOf(request) === FORM_TYPE
}

/** Returns whether an operation accepts a form. */
export function acceptsForm({mediaTypes}: Operation): boolean {
  return mediaTypes.includes(FORM_TYPE)
}

/** Returns the media type without its parameters, such as the charset. */
function mediaTypeOf({headers}: Pick<FastifyRequest, 'headers'>): string {
  return (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
}

/**
 * Returns the body of a request: the value of a JSON body, and the text of any other body. Returns undefined if the
 * body is empty or the operation has none.
 *
 * @throws HttpError 415 if the operation does not accept the media type, 400 if the body is not valid JSON
 */
export function readBody({mediaTypes}: Operation, request: FastifyRequest): unknown {
  if (mediaTypes.length === 0 || !request.body) return undefined
  const type = mediaTypeOf(request)
  if (!mediaTypes.includes(type)) {
    const sent = type ? `not ${type}` : 'but the request has no Content-Type'
    throw new HttpError(415, `The media type of the body must be ${mediaTypes.join(' or ')}, ${sent}.`)
  }
  return type === JSON_TYPE ? parseJson(request.body as string) : request.body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HttpError(400, `The body is not valid JSON: ${(error as SyntaxError).message}`)
  }
}
