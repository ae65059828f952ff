import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import {authorize} from '../api/authorize.js'
import {API, type ApiDocument, type Operation} from '../api/document.js'
import type {Tokens} from '../api/tokens.js'
import {pathOf, sendProblem} from '../http/problem.js'
import type {Forwarder} from './forward.js'
import type {Limits} from './limits.js'

interface Routing {
  /** The OpenAPI documents by service. */
  documents: ReadonlyMap<string, ApiDocument>
  /** The names of all services. */
  services: readonly string[]
  forwarder: Forwarder
  limits: Limits
  tokens: Tokens
}

/**
 * Adds the routes of the gateway. A path of a document is forwarded to its service after the token is checked;
 * /api/v1/SERVICE/… is forwarded to that service unchecked.
 */
export function addRoutes(
  app: FastifyInstance,
  {documents, services, forwarder, limits, tokens}: Routing,
): void {
  for (const [service, {operations}] of documents) {
    for (const path of new Set(operations.map(operation => operation.path))) {
      const atPath = operations.filter(operation => operation.path === path)
      const preHandler = async ({method, headers}: FastifyRequest): Promise<void> => {
        await authorize(securityOf(atPath, method), headers.authorization, tokens)
      }
      const options = {onRequest: limits(path), preHandler}
      app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), options, forwarder(service, fixedPrefix(path)))
    }
  }
  for (const service of services) {
    const prefix = `${API}/${service}`
    app.all(prefix, {onRequest: limits(prefix)}, forwarder(service, prefix))
    app.all(`${prefix}/*`, {onRequest: limits(prefix)}, forwarder(service, prefix))
  }
  app.all(`${API}/*`, {onRequest: limits(API)}, unknownPath(services))
}

/** Returns no requirements for a method that the document does not have: the service rejects it with 405. */
function securityOf(operations: readonly Operation[], method: string): Operation['security'] {
  const effective = method === 'HEAD' ? 'GET' : method
  return operations.find(operation => operation.method === effective)?.security ?? []
}

/** Returns the path up to its first parameter, without a trailing slash. */
function fixedPrefix(path: string): string {
  return path.replace(/\/\{.*$/, '')
}

function unknownPath(services: readonly string[]) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = pathOf(request.url)
    const detail = `No service handles the path ${path}. Known services: ${services.join(', ')}.`
    return sendProblem(reply, {status: 404, detail})
  }
}
