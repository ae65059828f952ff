import type {ValidateFunction} from 'ajv'

/** The prefix of all paths in all documents. */
export const API = '/api/v1'

/** The security schemes that a request must satisfy, each with the roles that its token must have. */
export type SecurityRequirement = Record<string, readonly string[]>

/** One operation of an OpenAPI document. */
export interface Operation {
  operationId: string
  /** In upper case. */
  method: string
  /** With parameters in braces, such as `/api/v1/events/{eventId}`. */
  path: string
  /** Empty if the operation requires no token. */
  security: readonly SecurityRequirement[]
  /** The accepted media types of the body. Empty if the operation has no body. */
  mediaTypes: readonly string[]
  /** The response of an operation without a handler. */
  example: {status: number; body: unknown}
  /** Each validates a part of the request and converts parameters to the types of their schemas. */
  validators: readonly ValidateFunction[]
}

/** The part of an OpenAPI document that the server needs, compiled by stubs/openapi.js. */
export interface ApiDocument {
  operations: readonly Operation[]
  /** `components/examples` of the document. */
  examples: Readonly<Record<string, unknown>>
}

const DOCUMENTS: Record<string, () => Promise<ApiDocument>> = {
  crew: () => import('../../../infra/stubs/openapi/crew.yaml?api'),
  event: () => import('../../../infra/stubs/openapi/event.yaml?api'),
  media: () => import('../../../infra/stubs/openapi/media.yaml?api'),
  notification: () => import('../../../infra/stubs/openapi/notification.yaml?api'),
  payment: () => import('../../../infra/stubs/openapi/payment.yaml?api'),
  user: () => import('../../../infra/stubs/openapi/user.yaml?api'),
}

/** Returns the OpenAPI document of a service, or null if it has none. A document may have no operations. */
export async function readDocument(service: string): Promise<ApiDocument | null> {
  return (await DOCUMENTS[service]?.()) ?? null
}

/**
 * Returns a named example of the document.
 *
 * @throws Error if the document has no such example, which is a bug
 */
export function exampleOf({examples}: ApiDocument, name: string): unknown {
  const example = examples[name]
  if (example === undefined) throw new Error(`the OpenAPI document has no example ${name}`)
  return example
}
