// The OpenAPI documents as tests see them: each operation, with a request made of its examples.
import {readdirSync, readFileSync} from 'node:fs'
import addFormats from 'ajv-formats'
import {load} from 'js-yaml'
import {OpenAPIBackend, type Document, type Operation} from 'openapi-backend'

const DIRECTORY = 'infra/stubs/openapi'

export interface DocumentedOperation {
  service: string
  operation: Operation
  /** `POST /api/v1/bookings`, for titles. */
  name: string
  /** With the examples of its parameters filled in. */
  path: string
  method: string
  /** The example of its JSON body. */
  body?: Record<string, unknown>
  /** Whether it needs a token. */
  guarded: boolean
  /** What of the answer is not as the document says for this status; null when all is. */
  errorsOf(status: number, body: unknown): unknown
}

interface Parameter {
  in: string
  name: string
  example?: string
}

export const SERVICES = readdirSync(DIRECTORY)
  .map(file => file.replace('.yaml', ''))
  .sort()

export function documentOf(service: string): Document {
  return load(readFileSync(`${DIRECTORY}/${service}.yaml`, 'utf8')) as Document
}

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
      errorsOf: (status, answer) => api.validateResponse(answer, operation, status).errors,
    }
  })
}

function bodyOf({requestBody}: Operation): Record<string, unknown> | undefined {
  const content =
    requestBody && 'content' in requestBody ? requestBody.content['application/json'] : undefined
  return content?.example as Record<string, unknown> | undefined
}
