import type {Operation} from 'openapi-backend'
import type {FastifyRequest} from 'fastify'
import {Refusal} from '../http/problem.js'

const JSON_TYPE = 'application/json'

const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Whether the body is a form, as CloudPayments sends it. */
export function isForm(request: Pick<FastifyRequest, 'headers'>): boolean {
  return mediaTypeOf(request) === FORM_TYPE
}

/** Whether an operation takes a form, among others. */
export function takesForm({requestBody}: Operation): boolean {
  return requestBody !== undefined && 'content' in requestBody && FORM_TYPE in requestBody.content
}

/** Without its parameters, such as the charset. */
function mediaTypeOf({headers}: Pick<FastifyRequest, 'headers'>): string {
  return (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
}

/** Refuses a body of a media type that the operation does not take (415), and one that is no JSON (400). */
export function checkBody({requestBody}: Operation, request: FastifyRequest): void {
  const accepted = requestBody && 'content' in requestBody ? Object.keys(requestBody.content) : []
  if (accepted.length === 0 || !request.body) return
  const type = mediaTypeOf(request)
  if (!accepted.includes(type)) {
    const sent = type ? `not ${type}` : 'and no Content-Type is given'
    throw new Refusal(415, `The body has to be ${accepted.join(' or ')}, ${sent}.`)
  }
  if (type === JSON_TYPE) checkJson(request.body as string)
}

function checkJson(text: string): void {
  try {
    JSON.parse(text)
  } catch (error) {
    throw new Refusal(400, `The body is no JSON: ${(error as SyntaxError).message}`)
  }
}
