import type {FastifyRequest} from 'fastify'
import {Refusal} from '../http/problem.js'
import type {Operation} from './document.js'

const JSON_TYPE = 'application/json'

const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Whether the body is a form, as CloudPayments sends it. */
export function isForm(request: Pick<FastifyRequest, 'headers'>): boolean {
  return mediaTypeOf(request) === FORM_TYPE
}

/** Whether an operation takes a form, among others. */
export function takesForm({mediaTypes}: Operation): boolean {
  return mediaTypes.includes(FORM_TYPE)
}

/** Without its parameters, such as the charset. */
function mediaTypeOf({headers}: Pick<FastifyRequest, 'headers'>): string {
  return (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
}

/**
 * The body, parsed if it is JSON; undefined where the operation takes none, or none came: an empty one is none.
 * Refuses one of a media type that the operation does not take (415), and one that is no JSON (400).
 */
export function readBody({mediaTypes}: Operation, request: FastifyRequest): unknown {
  if (mediaTypes.length === 0 || !request.body) return undefined
  const type = mediaTypeOf(request)
  if (!mediaTypes.includes(type)) {
    const sent = type ? `not ${type}` : 'and no Content-Type is given'
    throw new Refusal(415, `The body has to be ${mediaTypes.join(' or ')}, ${sent}.`)
  }
  return type === JSON_TYPE ? parseJson(request.body as string) : request.body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refusal(400, `The body is no JSON: ${(error as SyntaxError).message}`)
  }
}
