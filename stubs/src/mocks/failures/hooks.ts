import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import type {Failures} from './failures.js'
import type {Provider} from './scripts.js'

/** Longer than any client waits; then the connection is cut. */
const HOLD_MS = 60_000

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a script calls the requests of this route. */
    operation?: string
  }
  interface FastifyRequest {
    /** Its work is done and its answer must not arrive. */
    unanswered?: boolean
  }
}

/** How one provider words what it answers, and what it calls a request. */
export interface FailingProvider {
  provider: Provider
  operation(request: FastifyRequest): string | undefined
  error(reply: FastifyReply): FastifyReply
  rateLimit(reply: FastifyReply): FastifyReply
}

/** Lets the requests of this plugin fail as scripted. */
export function addFailures(app: FastifyInstance, failures: Failures, failing: FailingProvider): void {
  app.addHook('preHandler', async (request, reply) => {
    const operation = failing.operation(request)
    if (operation === undefined) return undefined
    const failure = failures.take(failing.provider, operation, 'error', 'timeout', 'rate-limit')
    if (failure === 'error') return failing.error(reply)
    if (failure === 'rate-limit') return failing.rateLimit(reply)
    request.unanswered = failure === 'timeout'
    return undefined
  })
  app.addHook('onSend', async (request, _, payload) => {
    if (request.unanswered) await holdBack(request)
    return payload
  })
}

function holdBack({raw: {socket}}: FastifyRequest): Promise<void> {
  if (socket.destroyed) return Promise.resolve()
  return new Promise(resolve => {
    const timer = setTimeout(() => socket.destroy(), HOLD_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
