import type {FastifyInstance, onRequestAsyncHookHandler} from 'fastify'
import {API} from '../api/document.js'
import {HttpError} from '../http/problem.js'

/** Requests per minute and client. The requests to all paths of a group are counted together. */
const DEFAULT_MAX = 60
const GROUPS = [
  {prefix: `${API}/auth/`, max: 10},
  {prefix: `${API}/payments/`, max: 30},
  // No webhook may be lost: webhooks arrive in bursts, and providers retry them for a limited time
  {prefix: `${API}/webhooks/`, max: null},
]

/** Returns the hooks that count the requests to a path. */
export type Limits = (path: string) => onRequestAsyncHookHandler[]

/** Creates rate limits by client address, counted in memory. A request above the limit is rejected with 429. */
export async function createLimits(app: FastifyInstance): Promise<Limits> {
  const {default: rateLimit} = await import('@fastify/rate-limit')
  await app.register(rateLimit, {
    global: false,
    timeWindow: '1 minute',
    keyGenerator: ({ip}) => ip,
    errorResponseBuilder: (_, {max, ttl}) =>
      new HttpError(
        429,
        `The limit of ${max} requests per minute is exceeded. Try again in ${Math.ceil(ttl / 1000)} s.`,
      ),
  })
  // Each call creates one counter; the config of a route would create a counter per route
  const createCounter = (max: number): onRequestAsyncHookHandler => app.rateLimit({max})
  const defaults = [createCounter(DEFAULT_MAX)]
  const groups = GROUPS.map(({prefix, max}) => ({prefix, hooks: max === null ? [] : [createCounter(max)]}))
  return path => groups.find(({prefix}) => path.startsWith(prefix))?.hooks ?? defaults
}
