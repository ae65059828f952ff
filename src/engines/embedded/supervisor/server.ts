import {once} from 'node:events'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {json} from 'node:stream/consumers'
import type {LogLine} from '../../engine.js'
import type {RunOrder} from '../service-spec.js'
import {memoryOf} from './memory.js'
import type {Supervisor} from './supervisor.js'

/** How long a query for changes may wait for one, in ms. */
const NEWS_MS = 2000
/** How many bytes may wait for a client that follows the lines. One that is slower reads on in the log files. */
const LARGEST_BACKLOG = 4 * 1024 ** 2

/** One request, and the response to it. */
interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  query: URLSearchParams
}

/** Returns the body of the response. */
type Handler = (exchange: Exchange) => Promise<unknown>

/** Listens on a Unix socket that only its user can open, because requests and answers contain secrets. */
export async function listen(supervisor: Supervisor, socket: string, stopped: () => void): Promise<Server> {
  const handlers: Record<string, Handler> = {
    'GET /states': async ({query}) => {
      if (query.get('seen') === String(supervisor.version)) await newsOf(supervisor)
      return {version: supervisor.version, states: supervisor.states}
    },
    'GET /facts': async () => supervisor.facts,
    'GET /memory': async () => Object.fromEntries(await memoryOf(supervisor.pids)),
    'GET /database': async () => supervisor.database ?? null,
    'POST /run': async ({request}) => {
      supervisor.run((await json(request)) as RunOrder)
      return null
    },
    'POST /stop-services': async ({request}) => {
      await supervisor.stopServices((await json(request)) as string[])
      return null
    },
    'POST /stop': async () => {
      await supervisor.stop()
      return null
    },
    'GET /lines': async ({response}) => {
      const write = (line: LogLine): void => {
        response.write(`${JSON.stringify(line)}\n`)
        if (response.writableLength > LARGEST_BACKLOG) response.destroy()
      }
      supervisor.on('line', write)
      response.flushHeaders()
      await once(response, 'close')
      supervisor.off('line', write)
    },
  }
  const server = createServer((request, response) => {
    const {pathname, searchParams} = new URL(request.url ?? '', 'http://supervisor')
    const handler = handlers[`${request.method} ${pathname}`]
    void respond(handler, {request, response, query: searchParams}).then(() => {
      if (pathname === '/stop') stopped()
    })
  })
  server.listen(socket)
  await once(server, 'listening')
  return server
}

async function respond(handler: Handler | undefined, exchange: Exchange): Promise<void> {
  const {response} = exchange
  try {
    const body = handler ? await handler(exchange) : undefined
    if (response.writableEnded || response.destroyed) return
    response.writeHead(handler ? 200 : 404, {connection: 'close'})
    response.end(JSON.stringify(body ?? null))
    await once(response, 'close')
  } catch (error) {
    response.writeHead(500, {connection: 'close'})
    response.end(JSON.stringify({message: (error as Error).message}))
  }
}

async function newsOf(supervisor: Supervisor): Promise<void> {
  await once(supervisor, 'change', {signal: AbortSignal.timeout(NEWS_MS)}).catch(() => undefined)
}
