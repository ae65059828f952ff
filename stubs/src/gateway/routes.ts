import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import {API, type ApiDocument, type Operation} from '../api/document.js'
import {authorize} from '../api/guard.js'
import type {Tokens} from '../api/tokens.js'
import {pathOf, sendProblem} from '../http/problem.js'
import type {Forwarder} from './forward.js'
import type {Limits} from './limits.js'

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
  for (const [service, {operations}] of documents) {
    for (const path of new Set(operations.map(operation => operation.path))) {
      const atPath = operations.filter(operation => operation.path === path)
      const preHandler = async ({method, headers}: FastifyRequest): Promise<void> => {
        await authorize(securityOf(atPath, method), headers.authorization, tokens)
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
function securityOf(operations: readonly Operation[], method: string): Operation['security'] {
  const asked = method === 'HEAD' ? 'GET' : method
  return operations.find(operation => operation.method === asked)?.security ?? []
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
