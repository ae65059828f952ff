import type {FastifyInstance, FastifyRequest} from 'fastify'
import {pathOf, Refusal} from '../http/problem.js'
import {isForm, readBody, takesForm} from './body.js'
import {API, type ApiDocument, type Operation} from './document.js'
import {fieldErrors} from './fields.js'
import {authorize} from './guard.js'
import type {Claims, Tokens} from './tokens.js'

/** A request that the document allows. */
export interface Call<Body = unknown, Query = unknown> {
  body: Body
  params: Record<string, string>
  query: Query
  /** Whose token it is; of nobody only where the document asks for no token. */
  claims: Claims
  request: FastifyRequest
}

export interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** What the stub does itself, by operationId; every other operation answers with the document's example. */
export type Handlers = Record<string, (call: Call<never, never>) => Answer | Promise<Answer>>

/** The operation that a request is for, and what stands in its path for the parameters. */
type Router = (request: FastifyRequest) => {operation: Operation; params: Record<string, string>}

const NOBODY: Claims = {sub: '', username: '', roles: []}
const BODY_LIMIT = 1024 * 1024

/** Serves a document: checks token, media type and every field, then lets a handler answer, or the example. */
export async function addApi(
  app: FastifyInstance,
  {operations}: ApiDocument,
  {handlers, tokens}: {handlers: Handlers; tokens: Tokens},
): Promise<void> {
  failOnUnknown(handlers, operations)
  const route = routerOf(operations)
  await app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', {parseAs: 'string', bodyLimit: BODY_LIMIT}, (_, body, done) =>
      done(null, body),
    )
    scope.all(`${API}/*`, async (request, reply) => {
      const {operation, params} = route(request)
      const claims = (await authorize(operation.security, request.headers.authorization, tokens)) ?? NOBODY
      const call = {...readParts(operation, request, params), claims, request}
      const handle = handlers[operation.operationId] ?? (() => operation.example)
      const {status, body, headers = {}}: Answer = await handle(call as Call<never, never>)
      return reply.code(status).headers(headers).send(body)
    })
  })
}

/** A handler without its operation is a bug. */
function failOnUnknown(handlers: Handlers, operations: readonly Operation[]): void {
  const known = new Set(operations.map(({operationId}) => operationId))
  const unknown = Object.keys(handlers).find(operationId => !known.has(operationId))
  if (unknown) throw new Error(`the document has no operation ${unknown}`)
}

function routerOf(operations: readonly Operation[]): Router {
  const routes = operations.map(operation => ({
    operation,
    pattern: new RegExp(`^${operation.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  }))
  return ({method, url}) => {
    const path = pathOf(url)
    const matching = routes.filter(({pattern}) => pattern.test(path))
    if (matching.length === 0) throw new Refusal(404, `There is no ${path} in the API of this service.`)
    // A HEAD is answered as its GET; Node leaves the body out
    const asked = method === 'HEAD' ? 'GET' : method
    const found = matching.find(({operation}) => operation.method === asked)
    if (!found) throw notAllowed(path, method, matching)
    return {operation: found.operation, params: {...found.pattern.exec(path)?.groups}}
  }
}

function notAllowed(path: string, method: string, matching: readonly {operation: Operation}[]): Refusal {
  const allowed = matching.map(({operation}) => operation.method)
  const headers = {allow: allowed.join(', ')}
  return new Refusal(405, `${path} takes ${allowed.join(' and ')}, not ${method}.`, {headers})
}

/** The parts of a request, in the types of the document; refused with 400 when they break its rules. */
function readParts(operation: Operation, request: FastifyRequest, params: Record<string, string>) {
  const body = readBody(operation, request)
  const query = {...(request.query as object)}
  // Who takes a form checks it by itself
  if (!isForm(request) || !takesForm(operation)) {
    const parts = {path: params, query, header: request.headers, requestBody: body}
    const errors = fieldErrors(operation.checks.flatMap(check => (check(parts) ? [] : (check.errors ?? []))))
    if (errors.length > 0) throw broken(errors)
  }
  return {body, params, query}
}

function broken(errors: ReturnType<typeof fieldErrors>): Refusal {
  const fields = errors.map(({field, message}) => `${field || 'the body'} ${message}`)
  return new Refusal(400, `The request breaks the rules of the API: ${fields.join('; ')}.`, {errors})
}
