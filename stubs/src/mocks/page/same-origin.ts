import {isIP} from 'node:net'
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'

/**
 * Keeps other websites out: the port is on a developer's machine, where any page in the browser can reach it. A name
 * that is not ours may be a website's that points here (DNS rebinding); a request that changes something must not come
 * from another site. What no browser sends (curl, tests) has neither header and passes.
 */
export function keepOthersOut(app: FastifyInstance, publicUrl: string): void {
  const {hostname} = new URL(publicUrl)
  app.addHook('onRequest', async (request, reply) => {
    if (!isOurs(request.hostname, hostname)) return refuse(reply, 'This is not an address of the mocks.')
    if (request.method !== 'GET' && isForeign(request)) return refuse(reply, 'Another site may not do this.')
    return undefined
  })
}

// No public website has an IP address or a single label for its name.
function isOurs(host: string, publicHost: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === publicHost || isIP(bare) > 0 || !bare.includes('.') || bare.endsWith('.localhost')
}

function isForeign({headers}: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin'
  return headers.origin !== undefined && headers.origin.replace(/^https?:\/\//, '') !== headers.host
}

function refuse(reply: FastifyReply, reason: string): FastifyReply {
  return reply.code(403).type('text/plain; charset=utf-8').send(`${reason}\n`)
}
