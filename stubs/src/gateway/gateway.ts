import type {FastifyInstance} from 'fastify'
import {readDocument, type ApiDocument} from '../api/document.js'
import {createTokens} from '../api/tokens.js'
import {required, type Environment} from '../variables.js'
import {addDocs} from './docs.js'
import {createForwarder} from './forward.js'
import {createLimits} from './limits.js'
import {addRoutes} from './routes.js'

/** Adds the gateway: the APIs of all services at one address, with rate limits, tokens and the documentation page. */
export async function addGateway(
  app: FastifyInstance,
  origins: ReadonlyMap<string, string>,
  env: Environment,
): Promise<void> {
  const services = [...origins.keys()]
  const documents = new Map<string, ApiDocument>()
  for (const service of services) {
    const document = await readDocument(service)
    if (document) documents.set(service, document)
  }
  const limits = await createLimits(app)
  addDocs(app, [...documents.keys()])
  const forwarder = await createForwarder(app, origins)
  addRoutes(app, {documents, services, forwarder, limits, tokens: createTokens(required(env, 'JWT_SECRET'))})
}
