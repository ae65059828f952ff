import type {FastifyReply} from 'fastify'
import type {ChangeEvents} from '../change-events.js'

/** Sends the changes as server-sent events until the page is closed. */
export function sendEvents(reply: FastifyReply, events: ChangeEvents): void {
  reply.hijack()
  const {raw} = reply
  raw.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'})
  raw.write('retry: 1000\n\n')
  const unsubscribe = events.subscribe(sentence => raw.write(`data: ${sentence.replace(/\s+/g, ' ')}\n\n`))
  raw.on('close', unsubscribe)
}
