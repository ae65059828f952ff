import type {FastifyInstance} from 'fastify'
import {readDocument, type ApiDocument} from '../api/document.js'
import {tokensOf} from '../api/tokens.js'
import {required, type Environment} from '../variables.js'
import {addDocs} from './docs.js'
import {forwarderTo} from './forward.js'
import {limitsOf} from './limits.js'
import {addRoutes} from './routes.js'

/** Plays the gateway: one address for the APIs of all services, with limits, tokens and pages about them. */
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
  const limits = await limitsOf(app)
  addDocs(app, [...documents.keys()])
  const forwarder = await forwarderTo(app, origins)
  addRoutes(app, {documents, services, forwarder, limits, tokens: tokensOf(required(env, 'JWT_SECRET'))})
}
