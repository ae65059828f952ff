import type {ValidateFunction} from 'ajv'

/** What all paths of all documents begin with. */
export const API = '/api/v1'

/** Which schemes a request has to satisfy, each with the roles that its token needs. */
export type SecurityRequirement = Record<string, readonly string[]>

/** One operation of a document. */
export interface Operation {
  operationId: string
  method: string
  /** With its parameters in braces. */
  path: string
  /** Empty where it needs no token. */
  security: readonly SecurityRequirement[]
  /** What its body may be; empty where it takes none. */
  mediaTypes: readonly string[]
  /** What it answers where nothing handles it. */
  example: {status: number; body: unknown}
  /** Each checks a part of the request, and turns parameters into the types of their schemas. */
  checks: readonly ValidateFunction[]
}

/** What stubs/openapi.js makes of an OpenAPI document. */
export interface ApiDocument {
  operations: readonly Operation[]
  /** The named examples. */
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

/** The document of a service's API, without an operation where there is nothing to describe; null when there is none. */
export async function readDocument(service: string): Promise<ApiDocument | null> {
  return (await DOCUMENTS[service]?.()) ?? null
}

/** One of the document's named examples. */
export function exampleOf({examples}: ApiDocument, name: string): unknown {
  const example = examples[name]
  if (example === undefined) throw new Error(`the document has no example ${name}`)
  return example
}
