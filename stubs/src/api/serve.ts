import type {FastifyInstance, FastifyRequest} from 'fastify'
import {HttpError, pathOf} from '../http/problem.js'
import {authorize} from './authorize.js'
import {acceptsForm, isForm, readBody} from './body.js'
import {API, type ApiDocument, type Operation} from './document.js'
import {toFieldErrors} from './field-errors.js'
import type {Claims, Tokens} from './tokens.js'

/** A validated call of an operation. Parameters have the types of their schemas. */
export interface ApiCall<Body = unknown, Query = unknown> {
  body: Body
  params: Record<string, string>
  query: Query
  /** The claims of the token. Empty if the operation requires no token. */
  claims: Claims
  request: FastifyRequest
}

/** The response to a call. The body is sent as JSON. */
export interface ApiResponse {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** The implementations of operations by operationId. Other operations respond with the example of the document. */
export type Handlers = Record<string, (call: ApiCall<never, never>) => ApiResponse | Promise<ApiResponse>>

/**
 * Finds the operation for a request, and the values of its path parameters.
 *
 * @throws HttpError 404 if the document has no such path, 405 if the path does not support the method
 */
type Router = (request: FastifyRequest) => {operation: Operation; params: Record<string, string>}

const NO_CLAIMS: Claims = {sub: '', username: '', roles: []}
const BODY_LIMIT_BYTES = 1024 * 1024

/**
 * Serves the operations of a document. Each request is authorized and validated; then its handler responds, or the
 * example of the document is sent.
 *
 * @throws Error if a handler has no operation in the document
 */
export async function addApi(
  app: FastifyInstance,
  {operations}: ApiDocument,
  {handlers, tokens}: {handlers: Handlers; tokens: Tokens},
): Promise<void> {
  requireOperations(handlers, operations)
  const route = createRouter(operations)
  await app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', {parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES}, (_, body, done) =>
      done(null, body),
    )
    scope.all(`${API}/*`, async (request, reply) => {
      const {operation, params} = route(request)
      const claims = (await authorize(operation.security, request.headers.authorization, tokens)) ?? NO_CLAIMS
      const call = {...validate(operation, request, params), claims, request}
      const handle = handlers[operation.operationId] ?? (() => operation.example)
      const {status, body, headers = {}}: ApiResponse = await handle(call as ApiCall<never, never>)
      return reply.code(status).headers(headers).send(body)
    })
  })
}

function requireOperations(handlers: Handlers, operations: readonly Operation[]): void {
  const known = new Set(operations.map(({operationId}) => operationId))
  const unknown = Object.keys(handlers).find(operationId => !known.has(operationId))
  if (unknown) throw new Error(`the OpenAPI document has no operation ${unknown}`)
}

function createRouter(operations: readonly Operation[]): Router {
  const routes = operations.map(operation => ({
    operation,
    pattern: new RegExp(`^${operation.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  }))
  return ({method, url}) => {
    const path = pathOf(url)
    const matching = routes.filter(({pattern}) => pattern.test(path))
    if (matching.length === 0) throw new HttpError(404, `The API of this service has no path ${path}.`)
    // HEAD is handled as GET; Node omits the body
    const effective = method === 'HEAD' ? 'GET' : method
    const route = matching.find(({operation}) => operation.method === effective)
    if (!route) throw methodNotAllowed(path, method, matching)
    return {operation: route.operation, params: {...route.pattern.exec(path)?.groups}}
  }
}

function methodNotAllowed(
  path: string,
  method: string,
  matching: readonly {operation: Operation}[],
): HttpError {
  const allow = matching.map(({operation}) => operation.method).join(', ')
  const message = `The path ${path} does not support ${method}. Supported methods: ${allow}.`
  return new HttpError(405, message, {headers: {allow}})
}

/** Returns the parts of a request. @throws HttpError 400 if they violate the document */
function validate(operation: Operation, request: FastifyRequest, params: Record<string, string>) {
  const body = readBody(operation, request)
  const query = {...(request.query as object)}
  // The handler validates a form itself
  if (!isForm(request) || !acceptsForm(operation)) {
    const parts = {path: params, query, header: request.headers, requestBody: body}
    const errors = toFieldErrors(
      operation.validators.flatMap(isValid => (isValid(parts) ? [] : (isValid.errors ?? []))),
    )
    if (errors.length > 0) throw invalidRequest(errors)
  }
  return {body, params, query}
}

function invalidRequest(errors: ReturnType<typeof toFieldErrors>): HttpError {
  const fields = errors.map(({field, message}) => `${field || 'the body'} ${message}`)
  return new HttpError(400, `The request is invalid: ${fields.join('; ')}.`, {errors})
}
