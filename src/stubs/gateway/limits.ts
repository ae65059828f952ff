import type {RateLimitOptions} from '@fastify/rate-limit'
import type {FastifyInstance} from 'fastify'
import {API} from '../api/document.js'
import {Refusal} from '../http/problem.js'

const DEFAULT_LIMIT = 60

/** Requests of a client per minute, where they differ from the default; the paths of a group are counted together. */
const GROUPS = [
  {prefix: `${API}/auth/`, max: 10},
  {prefix: `${API}/payments/`, max: 30},
  // What a provider reports must not be lost: it comes in bursts, and is sent again only for some time
  {prefix: `${API}/webhooks/`, max: null},
]

/** For the config of a route. */
export function limitOf(path: string): {rateLimit: RateLimitOptions | false} {
  const {prefix, max} = GROUPS.find(group => path.startsWith(group.prefix)) ?? {
    prefix: API,
    max: DEFAULT_LIMIT,
  }
  return {rateLimit: max === null ? false : {groupId: prefix, max, timeWindow: '1 minute'}}
}

/** Counts the requests of those routes that have a limit in their config, by the client's address, in memory. */
export async function addLimits(app: FastifyInstance): Promise<void> {
  const {default: rateLimit} = await import('@fastify/rate-limit')
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: (_, {max, ttl}) =>
      new Refusal(429, `More than ${max} requests in a minute: try again in ${Math.ceil(ttl / 1000)} s.`),
  })
}
