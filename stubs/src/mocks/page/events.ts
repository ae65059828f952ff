import type {FastifyReply} from 'fastify'
import type {News} from '../news.js'

/** Server-sent events: each change in a sentence, for as long as the page is open. */
export function sendEvents(reply: FastifyReply, news: News): void {
  reply.hijack()
  const {raw} = reply
  raw.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'})
  raw.write('retry: 1000\n\n')
  const stop = news.watch(sentence => raw.write(`data: ${sentence.replace(/\s+/g, ' ')}\n\n`))
  raw.on('close', stop)
}
