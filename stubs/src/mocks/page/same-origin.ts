import {isIP} from 'node:net'
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'

/**
 * Rejects requests from other websites, which can reach this port through the browser of the developer. A foreign Host
 * header indicates DNS rebinding; a request that changes state must come from the page itself. Requests of programs
 * such as curl have neither Sec-Fetch-Site nor Origin, and are accepted.
 */
export function requireSameOrigin(app: FastifyInstance, publicUrl: string): void {
  const {hostname} = new URL(publicUrl)
  app.addHook('onRequest', async (request, reply) => {
    if (!isOwnHost(request.hostname, hostname))
      return reject(reply, 'The Host header does not name an address of the mocks.')
    if (request.method !== 'GET' && isCrossOrigin(request))
      return reject(reply, 'Requests from other websites are not allowed.')
    return undefined
  })
}

// The name of a public website is neither an IP address nor a single label.
function isOwnHost(host: string, publicHost: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === publicHost || isIP(bare) > 0 || !bare.includes('.') || bare.endsWith('.localhost')
}

function isCrossOrigin({headers}: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin'
  return headers.origin !== undefined && headers.origin.replace(/^https?:\/\//, '') !== headers.host
}

function reject(reply: FastifyReply, reason: string): FastifyReply {
  return reply.code(403).type('text/plain; charset=utf-8').send(`${reason}\n`)
}
