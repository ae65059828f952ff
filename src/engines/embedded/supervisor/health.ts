import {once} from 'node:events'
import {request} from 'node:http'
import {connect, type Socket} from 'node:net'
import type {HealthCheck} from '../service-spec.js'

/** The time limit of a health check, in ms. */
const LIMIT_MS = 5000

/** Returns why a service is not healthy, if possible as the service reports it; undefined if it is healthy. */
export async function findHealthProblem(check: HealthCheck): Promise<string | undefined> {
  const limit = AbortSignal.timeout(LIMIT_MS)
  try {
    if (check.by === 'http') return await askHttp(check.url, limit)
    return await talk(check, limit, check.by === 'redis' ? askRedis(check) : askPostgres(check))
  } catch (error) {
    return limit.aborted ? `no response within ${LIMIT_MS / 1000} s` : (error as Error).message
  }
}

async function askHttp(url: string, signal: AbortSignal): Promise<string | undefined> {
  const asking = request(url, {signal, agent: false})
  asking.end()
  const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return response.statusCode === 200
    ? undefined
    : `HTTP ${response.statusCode}: ${Buffer.concat(chunks).toString().slice(0, 500)}`
}

/** The request, and the evaluation of the answer so far: a problem, null if healthy, undefined if incomplete. */
interface Conversation {
  hello: Buffer
  evaluate: (answer: Buffer) => string | null | undefined
}

async function talk(
  {host, port}: {host: string; port: number},
  signal: AbortSignal,
  {hello, evaluate}: Conversation,
): Promise<string | undefined> {
  const socket: Socket = connect({host, port, signal})
  try {
    await once(socket, 'connect')
    socket.write(hello)
    let answer = Buffer.alloc(0)
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk as Buffer])
      const verdict = evaluate(answer)
      if (verdict !== undefined) return verdict ?? undefined
    }
    return 'the server closed the connection'
  } finally {
    socket.destroy()
  }
}

/** See https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function askRedis({password}: {password: string}): Conversation {
  const auth = `*2\r\n$4\r\nAUTH\r\n$${Buffer.byteLength(password)}\r\n${password}\r\n`
  return {
    hello: Buffer.from(`${auth}*1\r\n$4\r\nPING\r\n`),
    evaluate(answer) {
      const lines = answer.toString().split('\r\n')
      const error = lines.find(line => line.startsWith('-'))
      if (error) return error.slice(1)
      return lines.includes('+PONG') ? null : undefined
    },
  }
}

/**
 * Checks as pg_isready does: a server that requests authentication, or rejects the connection, is ready unless the
 * error is 57P03 (cannot_connect_now). See https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
function askPostgres({user, database}: {user: string; database: string}): Conversation {
  const parameters = ['user', user, 'database', database, ''].map(text => `${text}\0`).join('')
  const hello = Buffer.alloc(8 + Buffer.byteLength(parameters))
  hello.writeInt32BE(hello.length, 0)
  hello.writeInt32BE(3 << 16, 4)
  hello.write(parameters, 8)
  return {
    hello,
    evaluate(answer) {
      if (answer.length < 5 || answer.length < 1 + answer.readInt32BE(1)) return undefined
      if (answer.toString('latin1', 0, 1) !== 'E') return null
      const fields = answer.toString('utf8', 5).split('\0')
      const field = (type: string): string | undefined => fields.find(text => text.startsWith(type))?.slice(1)
      return field('C') === '57P03' ? (field('M') ?? 'the server is starting') : null
    },
  }
}
