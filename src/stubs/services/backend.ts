import type {FastifyInstance} from 'fastify'
import {readDocument, type ApiDocument} from '../api/document.js'
import {addApi, type Handlers} from '../api/serve.js'
import {tokensOf, type Tokens} from '../api/tokens.js'
import {required, type Environment} from '../variables.js'

/** What a service does beside answering with examples. */
type Behaviour = (document: ApiDocument, tokens: Tokens) => Handlers

const BEHAVIOURS: Record<string, () => Promise<Behaviour>> = {
  user: async () => (await import('./user.js')).userHandlers,
  event: async () => (await import('./event.js')).eventHandlers,
  crew: async () => (await import('./crew.js')).crewHandlers,
}

/** Plays a backend service by its document. One without a document, or with no path in it, has only its health. */
export async function addBackend(app: FastifyInstance, service: string, env: Environment): Promise<void> {
  const document = readDocument(service)
  if (!document || Object.keys(document.paths ?? {}).length === 0) return
  const tokens = tokensOf(required(env, 'JWT_SECRET'))
  const behaviour = await BEHAVIOURS[service]?.()
  await addApi(app, document, {handlers: behaviour?.(document, tokens) ?? {}, tokens})
}
