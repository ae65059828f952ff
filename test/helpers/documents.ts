// The operations of the OpenAPI documents, each with a request from its examples.
import {readdirSync, readFileSync} from 'node:fs'
import addFormats from 'ajv-formats'
import {load} from 'js-yaml'
import {OpenAPIBackend, type Document, type Operation} from 'openapi-backend'

const DIRECTORY = 'infra/stubs/openapi'

/** An operation of an OpenAPI document. */
export interface DocumentedOperation {
  service: string
  operation: Operation
  /** Method and path for test titles, such as `POST /api/v1/bookings`. */
  name: string
  /** The path with the examples of its parameters. */
  path: string
  method: string
  /** The example of the JSON body. */
  body?: Record<string, unknown>
  /** Whether the operation requires a token. */
  guarded: boolean
  /** Returns how a response violates the document for this status, or null if it does not. */
  errorsOf(status: number, body: unknown): unknown
}

interface Parameter {
  in: string
  name: string
  example?: string
}

/** The services that have a document. */
export const SERVICES = readdirSync(DIRECTORY)
  .map(file => file.replace('.yaml', ''))
  .sort()

/** Returns the document of a service. */
export function documentOf(service: string): Document {
  return load(readFileSync(`${DIRECTORY}/${service}.yaml`, 'utf8')) as Document
}

/** Returns all operations of a service. */
export async function operationsOf(service: string): Promise<DocumentedOperation[]> {
  const api = new OpenAPIBackend({
    definition: documentOf(service),
    quick: true,
    strict: true,
    customizeAjv: ajv => {
      addFormats.default(ajv)
      return ajv
    },
  })
  await api.init()
  return api.getOperations().map(operation => {
    const parameters = (operation.parameters ?? []) as Parameter[]
    const body = bodyOf(operation)
    return {
      service,
      operation,
      name: `${operation.method.toUpperCase()} ${operation.path}`,
      method: operation.method.toUpperCase(),
      path: parameters
        .filter(parameter => parameter.in === 'path')
        .reduce((path, {name, example}) => path.replace(`{${name}}`, example!), operation.path),
      ...(body ? {body} : {}),
      guarded: (operation.security ?? []).length > 0,
      errorsOf: (status, response) => api.validateResponse(response, operation, status).errors,
    }
  })
}

function bodyOf({requestBody}: Operation): Record<string, unknown> | undefined {
  const content =
    requestBody && 'content' in requestBody ? requestBody.content['application/json'] : undefined
  return content?.example as Record<string, unknown> | undefined
}
