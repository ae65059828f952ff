import type {FastifyInstance, FastifyRequest} from 'fastify'
import type {Context, HandlerMap, OpenAPIBackend, ParsedRequest} from 'openapi-backend'
import {pathOf, Refusal} from '../http/problem.js'
import {checkBody, isForm, takesForm} from './body.js'
import {API, type ApiDocument} from './document.js'
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

const NOBODY: Claims = {sub: '', username: '', roles: []}
const BODY_LIMIT = 1024 * 1024

/** Serves a document: checks token, media type and every field, then lets a handler answer, or the example. */
export async function addApi(
  app: FastifyInstance,
  document: ApiDocument,
  {handlers, tokens}: {handlers: Handlers; tokens: Tokens},
): Promise<void> {
  const api = await openApi(document, handlers, tokens)
  await app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', {parseAs: 'string', bodyLimit: BODY_LIMIT}, (_, body, done) =>
      done(null, body),
    )
    scope.all(`${API}/*`, async (request, reply) => {
      const {status, body, headers = {}} = (await api.handleRequest(asked(request), request)) as Answer
      return reply.code(status).headers(headers).send(body)
    })
  })
}

async function openApi(document: ApiDocument, handlers: Handlers, tokens: Tokens): Promise<OpenAPIBackend> {
  const [{OpenAPIBackend}, {default: addFormats}] = await Promise.all([
    import('openapi-backend'),
    import('ajv-formats'),
  ])
  const api = new OpenAPIBackend({
    definition: document,
    // A handler without its operation is a bug
    strict: true,
    // Tests check the document; validators are compiled when they are first needed, for a fast start
    quick: true,
    coerceTypes: true,
    // The library checks one media type of an operation; who takes a form checks it by itself
    validate: ({operation}, request: FastifyRequest) => !(isForm(request) && takesForm(operation)),
    ignoreTrailingSlashes: false,
    ajvOpts: {allErrors: true},
    customizeAjv: ajv => {
      addFormats.default(ajv)
      return ajv
    },
    securityHandlers: {
      bearerAuth: ({operation, request}) =>
        authorize(operation.security ?? [], headerOf(request.headers, 'authorization'), tokens),
    },
    handlers: {...operationHandlers(handlers), ...FALLBACKS},
  })
  return api.init()
}

const FALLBACKS: HandlerMap = {
  notFound: (_, request: FastifyRequest) => {
    throw new Refusal(404, `There is no ${pathOf(request.url)} in the API of this service.`)
  },
  methodNotAllowed: ({api}: Context, request: FastifyRequest) => {
    const allowed = METHODS.filter(method => api.matchOperation({...asked(request), method}))
    const headers = {allow: allowed.join(', ')}
    throw new Refusal(405, `${pathOf(request.url)} takes ${allowed.join(' and ')}, not ${request.method}.`, {
      headers,
    })
  },
  unauthorizedHandler: ({security}: Context) => {
    throw (security.bearerAuth as {error: Error}).error
  },
  postSecurityHandler: ({operation, security}: Context, request: FastifyRequest) => {
    if (security.authorized || !operation.security?.length) checkBody(operation, request)
  },
  validationFail: ({validation}: Context) => {
    const errors = fieldErrors(validation.errors ?? [])
    const fields = errors.map(({field, message}) => `${field || 'the body'} ${message}`)
    throw new Refusal(400, `The request breaks the rules of the API: ${fields.join('; ')}.`, {errors})
  },
  notImplemented: ({api, operation}: Context): Answer => {
    const example = api.mockResponseForOperation(operation.operationId!)
    return {status: example.status, body: example.mock as unknown}
  },
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

type Parsed = ParsedRequest<unknown, Record<string, string>, unknown>

function operationHandlers(handlers: Handlers): HandlerMap {
  return Object.fromEntries(
    Object.entries(handlers).map(([operationId, handle]) => [
      operationId,
      (context: Context, request: FastifyRequest) => {
        const {requestBody: body, params, query} = context.request as Parsed
        const claims = (context.security.bearerAuth as Claims | undefined) ?? NOBODY
        return handle({body, params, query, claims, request} as Call<never, never>)
      },
    ]),
  )
}

/** A HEAD is answered as its GET; Node leaves the body out. */
function asked({method, url, headers, body}: FastifyRequest): Parameters<OpenAPIBackend['handleRequest']>[0] {
  return {
    method: method === 'HEAD' ? 'GET' : method,
    path: pathOf(url),
    query: url.slice(pathOf(url).length + 1),
    headers: headers as Record<string, string>,
    // No body and an empty one are the same
    ...(body ? {body} : {}),
  }
}

function headerOf(headers: unknown, name: string): string | undefined {
  return (headers as Record<string, string | undefined>)[name]
}
