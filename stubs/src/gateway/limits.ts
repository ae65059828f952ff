import type {FastifyInstance, onRequestAsyncHookHandler} from 'fastify'
import {API} from '../api/document.js'
import {Refusal} from '../http/problem.js'

/** Requests of a client per minute; the paths of a group are counted together. */
const DEFAULT_MAX = 60
const GROUPS = [
  {prefix: `${API}/auth/`, max: 10},
  {prefix: `${API}/payments/`, max: 30},
  // What a provider reports must not be lost: it comes in bursts, and is sent again only for some time
  {prefix: `${API}/webhooks/`, max: null},
]

/** The hooks that count the requests to a path. */
export type Limits = (path: string) => onRequestAsyncHookHandler[]

/** Counts by the client's address, in memory; too many are refused with 429. */
export async function limitsOf(app: FastifyInstance): Promise<Limits> {
  const {default: rateLimit} = await import('@fastify/rate-limit')
  await app.register(rateLimit, {
    global: false,
    timeWindow: '1 minute',
    errorResponseBuilder: (_, {max, ttl}) =>
      new Refusal(429, `More than ${max} requests in a minute: try again in ${Math.ceil(ttl / 1000)} s.`),
  })
  // One counter for each call: the config of a route would make one for each route
  const counter = (max: number): onRequestAsyncHookHandler => app.rateLimit({max})
  const usual = [counter(DEFAULT_MAX)]
  const groups = GROUPS.map(({prefix, max}) => ({prefix, hooks: max === null ? [] : [counter(max)]}))
  return path => groups.find(({prefix}) => path.startsWith(prefix))?.hooks ?? usual
}
