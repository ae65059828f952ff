import type {FastifyError, FastifyInstance, FastifyRequest} from 'fastify'
import {acceptRawBodies, bodyText} from '../body.js'
import type {MockContext} from '../context.js'
import {matchesBasicAuth} from '../credentials.js'
import {addFailures} from '../failures/hooks.js'
import {refundDocument} from './documents.js'
import {sendError, YooKassaError} from './errors.js'
import {Idempotence} from './idempotence.js'
import type {Refund, YooKassaPayment} from './payments.js'
import {capture, newPayment, newRefund, readBody} from './schemas.js'
import type {YooKassa} from './yookassa.js'

interface ById {
  Params: {id: string}
}

const WRONG_CREDENTIALS =
  'Error in shopId or secret key. Check their validity. You can reissue the key in the Merchant Profile'

/** Adds the API of https://yookassa.ru/developers/api, as far as the platform uses it. */
export function addYooKassa(app: FastifyInstance, shop: YooKassa, {settings, failures}: MockContext): void {
  const {shopId, secretKey} = settings.yookassa
  acceptRawBodies(app)
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof YooKassaError) return sendError(reply, error)
    if (error.statusCode && error.statusCode < 500)
      return sendError(reply, new YooKassaError(400, error.message))
    request.log.error({stack: error.stack}, `internal error: ${error.message}`)
    return sendError(reply, new YooKassaError(500, 'Internal server error'))
  })
  app.setNotFoundHandler((_, reply) => sendError(reply, new YooKassaError(404, 'Resource not found')))
  app.addHook('onRequest', async ({headers: {authorization}}) => {
    if (!authorization) throw new YooKassaError(401, 'Basic authentication failed')
    if (!matchesBasicAuth(authorization, shopId, secretKey))
      throw new YooKassaError(401, WRONG_CREDENTIALS, 'Authorization')
  })
  addFailures(app, failures, {
    provider: 'yookassa',
    operation: request => request.routeOptions.config.operation,
    sendServerError: reply => sendError(reply, new YooKassaError(500, 'Internal server error')),
    sendRateLimit: reply => sendError(reply, new YooKassaError(429, 'Too many requests')),
  })
  app.addHook('preHandler', async request => requireJson(request))
  addPayments(app, shop)
  addRefunds(app, shop)
}

function addPayments(app: FastifyInstance, shop: YooKassa): void {
  const keys = new Idempotence<YooKassaPayment>()
  const once = (request: FastifyRequest, run: () => YooKassaPayment): object =>
    shop.document(keys.once(keyOf(request), fingerprintOf(request), run))

  app.post('/payments', operation('create-payment'), async request =>
    once(request, () => shop.create(readBody(newPayment, request.body))),
  )
  app.get('/payments', operation('list-payments'), async () => ({
    type: 'list',
    items: shop.store.list().map(payment => shop.document(payment)),
  }))
  app.get<ById>('/payments/:id', operation('get-payment'), async request =>
    shop.document(shop.store.get(request.params.id)),
  )
  app.post<ById>('/payments/:id/capture', operation('capture'), async request =>
    once(request, () => shop.capture(request.params.id, readBody(capture, request.body).amount?.value)),
  )
  app.post<ById>('/payments/:id/cancel', operation('cancel'), async request =>
    once(request, () => shop.cancel(request.params.id)),
  )
}

function addRefunds(app: FastifyInstance, shop: YooKassa): void {
  const keys = new Idempotence<Refund>()
  app.post('/refunds', operation('create-refund'), async request => {
    const run = (): Refund => shop.refund(readBody(newRefund, request.body))
    return refundDocument(keys.once(keyOf(request), fingerprintOf(request), run))
  })
  app.get<ById>('/refunds/:id', operation('get-refund'), async request =>
    refundDocument(shop.store.getRefund(request.params.id)),
  )
}

function operation(name: string): {config: {operation: string}} {
  return {config: {operation: name}}
}

function requireJson({method, body, headers}: FastifyRequest): void {
  const isJson = /^application\/json\b/i.test(headers['content-type'] ?? '')
  if (method === 'POST' && bodyText(body) !== '' && !isJson) {
    throw new YooKassaError(415, 'Content-Type must be application/json', 'Content-Type')
  }
}

function keyOf({headers}: FastifyRequest): string | undefined {
  const key = headers['idempotence-key']
  return typeof key === 'string' ? key : undefined
}

function fingerprintOf({url, body}: FastifyRequest): string {
  return `${url}\n${bodyText(body)}`
}
