import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import {acceptRawBodies} from '../body.js'
import {addFailures} from '../failures/hooks.js'
import {readArguments} from './arguments.js'
import type {Bot} from './bot.js'
import {sendError, sendRetryAfter, TelegramError} from './errors.js'
import {callMethod, canonicalMethod} from './methods.js'

const RETRY_AFTER_S = 3

interface MethodParams {
  token: string
  /** The name of the method. */
  '*': string
}

/** Adds the Bot API of https://core.telegram.org/bots/api: GET and POST /bot<token>/<method>. */
export function addTelegram(app: FastifyInstance, bot: Bot, token: string): void {
  acceptRawBodies(app)
  app.setErrorHandler((error: Error & {statusCode?: number}, request, reply) => {
    if (error instanceof TelegramError) return sendError(reply, error)
    if (error.statusCode === 413) return sendError(reply, new TelegramError(413, 'Request Entity Too Large'))
    request.log.error({stack: error.stack}, `internal error: ${error.message}`)
    return sendError(reply, new TelegramError(500, 'Internal Server Error'))
  })
  app.addHook('onRequest', async (request, reply) => checkToken(request, reply, token))
  addFailures(app, bot.failures, {
    provider: 'telegram',
    operation: request => canonicalMethod((request.params as Partial<MethodParams>)['*'] ?? ''),
    sendServerError: reply => sendError(reply, new TelegramError(500, 'Internal Server Error')),
    sendRateLimit: reply => sendRetryAfter(reply, RETRY_AFTER_S),
  })
  for (const url of ['/bot:token', '/bot:token/']) {
    app.all(url, (_, reply) => sendError(reply, new TelegramError(404, 'Not Found')))
  }
  app.route<{Params: MethodParams}>({
    method: ['GET', 'POST'],
    url: '/bot:token/*',
    handler: async request => ({
      ok: true,
      ...(await callMethod(bot, request.params['*'], readArguments(request))),
    }),
  })
}

async function checkToken(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
): Promise<FastifyReply | undefined> {
  const {token: given} = request.params as MethodParams
  if (given === token) return undefined
  const description = given.includes(':') ? 'Unauthorized' : 'Unauthorized: invalid token specified'
  return sendError(reply, new TelegramError(401, description))
}
