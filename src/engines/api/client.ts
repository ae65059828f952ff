import {text} from 'node:stream/consumers'
import * as z from '../../system/zod.js'
import {AquastreamError} from '../../errors.js'
import {lastLines} from '../../system/text/last-lines.js'
import {parseJson} from '../../system/text/parse-json.js'
import {endpoint} from '../docker/endpoint.js'
import {ANSWER_MS} from '../docker/options.js'
import {explainSilence, throwIfUnreachable} from '../docker/problem.js'
import {type ApiRequest, send} from './connection.js'

/** A request that Docker Engine has answered with an error. */
export class ApiError extends AquastreamError {
  constructor(
    /** The HTTP status: 404 no such object, 409 the name is taken, 503 this node is not a manager; 0 without an answer. */
    readonly status: number,
    what: string,
    message: string,
  ) {
    const how = status === 0 ? 'did not' : 'refused to'
    super('engine-failed', `Docker Engine ${how} ${what}${status === 0 ? '' : ` (HTTP ${status})`}`, {
      hint: 'fix the error reported by Docker Engine, then run the command again',
      evidence: [{title: 'response of Docker Engine', lines: lastLines(message, 12)}],
    })
  }
}

interface Query extends Pick<ApiRequest, 'headers' | 'signal'> {
  /** What the request is for, which completes "Docker Engine refused to". */
  what: string
  params?: Record<string, string | Record<string, string[]>>
  /** How long Docker Engine may take, in ms. A manager without a leader may never answer. */
  limit?: number
}

/**
 * Reads objects of Docker Engine.
 * @throws ApiError; engine-missing, engine-denied, engine-too-old
 */
export async function get<T>(path: string, schema: z.ZodType<T>, query: Query): Promise<T> {
  return schema.parse(JSON.parse(await exchange({method: 'GET', path}, query)))
}

/** Creates or changes an object, and returns the ID of a new one. Throws as `get` does. */
export async function post(path: string, body: unknown, query: Query): Promise<string> {
  const answer = await exchange({method: 'POST', path, body}, query)
  const parsed = answer.startsWith('{') ? (JSON.parse(answer) as {ID?: string; Id?: string}) : {}
  return parsed.ID ?? parsed.Id ?? ''
}

/** Removes an object; one that does not exist is no error. Throws as `get` does. */
export async function remove(path: string, query: Query): Promise<void> {
  await exchange({method: 'DELETE', path}, query).catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error
  })
}

/** Returns whether a request failed with this HTTP status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status
}

async function exchange(
  request: ApiRequest,
  {what, params, headers, signal, limit = ANSWER_MS}: Query,
): Promise<string> {
  const path = `${request.path}${toQuery(params)}`
  const late = AbortSignal.timeout(limit)
  const until = signal ? AbortSignal.any([signal, late]) : late
  try {
    const response = await send({...request, path, signal: until, ...(headers && {headers})})
    const answer = await text(response)
    const {statusCode: status = 0} = response
    if (status < 400) return answer
    throw new ApiError(status, what, messageOf(answer))
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ApiError) throw error
    if (late.aborted) {
      await throwIfSilent()
      throw new ApiError(0, what, `no answer within ${limit / 1000} s`)
    }
    await throwIfUnreachable()
    throw new ApiError(0, what, String(error))
  }
}

/** How long a Docker Engine that works may take to answer a ping, in ms. */
const PING_MS = 2000

/** Tells a Swarm without a leader from a Docker Engine that answers nothing at all. */
async function throwIfSilent(): Promise<void> {
  try {
    await text(await send({method: 'GET', path: '/_ping', signal: AbortSignal.timeout(PING_MS)}))
  } catch {
    const {code, message, hint} = await explainSilence(await endpoint())
    throw new AquastreamError(code, message, {hint})
  }
}

function toQuery(params: Query['params']): string {
  if (!params) return ''
  const pairs = Object.entries(params).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return `?${new URLSearchParams(pairs).toString()}`
}

/** What Docker Engine answers to a request that it refuses. */
const failureSchema = z.object({message: z.string()})

function messageOf(answer: string): string {
  const {data} = failureSchema.safeParse(parseJson(answer))
  return data?.message ?? answer
}
