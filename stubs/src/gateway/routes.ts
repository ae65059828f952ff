import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import type {Document, SecurityRequirement} from 'openapi-backend'
import {API, type ApiDocument} from '../api/document.js'
import {authorize} from '../api/guard.js'
import type {Tokens} from '../api/tokens.js'
import {pathOf, sendProblem} from '../http/problem.js'
import type {Forwarder} from './forward.js'
import type {Limits} from './limits.js'

type PathItem = NonNullable<NonNullable<Document['paths']>[string]>

interface Routing {
  /** The API of each service that has one. */
  documents: ReadonlyMap<string, ApiDocument>
  /** The names of all services. */
  services: readonly string[]
  forwarder: Forwarder
  limits: Limits
  tokens: Tokens
}

/**
 * Routes each path of the documents to its service, when the token is such as the document asks for, and
 * /api/v1/SERVICE/… to that service as it comes.
 */
export function addRoutes(
  app: FastifyInstance,
  {documents, services, forwarder, limits, tokens}: Routing,
): void {
  for (const [service, {paths = {}, security}] of documents) {
    for (const [path, item] of Object.entries(paths)) {
      const preHandler = async ({method, headers}: FastifyRequest): Promise<void> => {
        await authorize(securityOf(item!, method) ?? security ?? [], headers.authorization, tokens)
      }
      const options = {onRequest: limits(path), preHandler}
      app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), options, forwarder(service, fixedPart(path)))
    }
  }
  for (const service of services) {
    const prefix = `${API}/${service}`
    app.all(prefix, {onRequest: limits(prefix)}, forwarder(service, prefix))
    app.all(`${prefix}/*`, {onRequest: limits(prefix)}, forwarder(service, prefix))
  }
  app.all(`${API}/*`, {onRequest: limits(API)}, unknownPath(services))
}

/** Of a method that the document does not have nothing is asked: the service refuses it. */
function securityOf(item: PathItem, method: string): SecurityRequirement[] | undefined {
  const name = (method === 'HEAD' ? 'GET' : method).toLowerCase() as 'get'
  const operation = item[name]
  return operation ? operation.security : []
}

/** What stands before the first parameter, without the last slash. */
function fixedPart(path: string): string {
  return path.replace(/\/\{.*$/, '')
}

function unknownPath(services: readonly string[]) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const known = services.join(', ')
    return sendProblem(reply, 404, `No service for ${pathOf(request.url)}: the gateway knows ${known}.`)
  }
}
