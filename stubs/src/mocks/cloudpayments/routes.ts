import type {FastifyInstance, FastifyRequest} from 'fastify'
import type * as z from '../zod.js'
import {acceptRawBodies, bodyText, formFields, parseJson} from '../body.js'
import type {MockContext} from '../context.js'
import {matchesBasicAuth} from '../credentials.js'
import {addFailures} from '../failures/hooks.js'
import {readCard} from './card.js'
import type {CloudPayments} from './cloudpayments.js'
import {orderModel, transactionModel} from './models.js'
import {byInvoice, byTransaction, charge, newOrder, partOfTransaction} from './schemas.js'
import type {Transaction} from './transactions.js'

interface ResponseBody {
  Model?: object
  Success: boolean
  Message: string | null
}

interface Route<Schema> {
  url: string
  /** The name of the operation in scripts. */
  operation: string
  schema: Schema
}

/** Adds the API of https://developers.cloudpayments.ru/, as far as the platform uses it. */
export function addCloudPayments(
  app: FastifyInstance,
  shop: CloudPayments,
  {settings: {cloudpayments, publicUrl}, failures}: MockContext,
): void {
  const {publicId, apiSecret} = cloudpayments
  acceptRawBodies(app)
  app.setNotFoundHandler((_, reply) => reply.code(404).send())
  app.addHook('onRequest', async ({headers: {authorization}}, reply) =>
    matchesBasicAuth(authorization, publicId, apiSecret) ? undefined : reply.code(401).send(),
  )
  addFailures(app, failures, {
    provider: 'cloudpayments',
    operation: request => request.routeOptions.config.operation,
    sendServerError: reply => reply.code(500).send(),
    sendRateLimit: reply => reply.code(429).send(),
  })
  app.post('/test', async () => ({Success: true, Message: null}))
  addTransactions(app, shop)
  addRoute(app, {url: '/orders/create', operation: 'create-order', schema: newOrder}, request => ({
    ...success(),
    Model: orderModel(shop.createOrder(request), publicUrl),
  }))
}

function addTransactions(app: FastifyInstance, shop: CloudPayments): void {
  for (const operation of ['charge', 'auth'] as const) {
    addRoute(app, {url: `/payments/cards/${operation}`, operation, schema: charge}, async request => {
      const card = readCard(request.CardCryptogramPacket)
      return withModel(
        await shop.pay(operation, {purchase: request, card, completes: operation === 'charge'}),
      )
    })
  }
  addRoute(app, {url: '/payments/confirm', operation: 'confirm', schema: partOfTransaction}, request =>
    fromError(shop.confirm(request.TransactionId, request.Amount)),
  )
  addRoute(app, {url: '/payments/void', operation: 'void', schema: byTransaction}, request =>
    fromError(shop.cancel(request.TransactionId)),
  )
  addRoute(app, {url: '/payments/refund', operation: 'refund', schema: partOfTransaction}, request => {
    const result = shop.refund(request.TransactionId, request.Amount)
    return typeof result === 'string' ? failure(result) : {...success(), Model: {TransactionId: result}}
  })
  addRoute(app, {url: '/payments/get', operation: 'get', schema: byTransaction}, request =>
    findResult(shop.store.find(request.TransactionId)),
  )
  for (const version of ['', '/v2']) {
    addRoute(app, {url: `${version}/payments/find`, operation: 'find', schema: byInvoice}, request =>
      findResult(shop.store.findByInvoice(request.InvoiceId)),
    )
  }
}

function addRoute<Schema extends z.ZodMiniType>(
  app: FastifyInstance,
  {url, operation, schema}: Route<Schema>,
  handle: (request: z.output<Schema>) => ResponseBody | Promise<ResponseBody>,
): void {
  app.post(url, {config: {operation}}, async request => {
    const {success: isValid, data, error} = schema.safeParse(readBody(request))
    return isValid ? handle(data) : failure(error.issues[0]!.message)
  })
}

function readBody({body, headers}: FastifyRequest): unknown {
  const type = headers['content-type'] ?? ''
  if (/^application\/json\b/i.test(type)) return parseJson(bodyText(body)) ?? {}
  return formFields(body)
}

function success(): ResponseBody {
  return {Success: true, Message: null}
}

function failure(message: string): ResponseBody {
  return {Success: false, Message: message}
}

function fromError(message: string | null): ResponseBody {
  return message === null ? success() : failure(message)
}

function withModel(transaction: Transaction): ResponseBody {
  return {Model: transactionModel(transaction), Success: transaction.status !== 'Declined', Message: null}
}

function findResult(transaction: Transaction | undefined): ResponseBody {
  return transaction ? withModel(transaction) : failure('Not found')
}
