import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import type {Failures} from './failures.js'
import type {MockProvider} from './scripts.js'

/** The time after which the connection of a withheld response is closed; longer than the timeout of any client. */
const WITHHOLD_MS = 60_000

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The name of the operation in scripts. */
    operation?: string
  }
  interface FastifyRequest {
    /** The operation is performed, but its response is not sent. */
    isWithheld?: boolean
  }
}

/** The operations and the error responses of one provider. */
export interface FailingProvider {
  provider: MockProvider
  /** Returns the name of the operation in scripts, or undefined if the request cannot fail. */
  operation(request: FastifyRequest): string | undefined
  sendServerError(reply: FastifyReply): FastifyReply
  sendRateLimit(reply: FastifyReply): FastifyReply
}

/** Makes the requests to the routes of this plugin fail as scripted. */
export function addFailures(app: FastifyInstance, failures: Failures, failing: FailingProvider): void {
  app.addHook('preHandler', async (request, reply) => {
    const operation = failing.operation(request)
    if (operation === undefined) return undefined
    const failure = failures.consume(failing.provider, operation, 'error', 'timeout', 'rate-limit')
    if (failure === 'error') return failing.sendServerError(reply)
    if (failure === 'rate-limit') return failing.sendRateLimit(reply)
    request.isWithheld = failure === 'timeout'
    return undefined
  })
  app.addHook('onSend', async (request, _, payload) => {
    if (request.isWithheld) await untilClosed(request)
    return payload
  })
}

function untilClosed({raw: {socket}}: FastifyRequest): Promise<void> {
  if (socket.destroyed) return Promise.resolve()
  return new Promise(resolve => {
    const timer = setTimeout(() => socket.destroy(), WITHHOLD_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
