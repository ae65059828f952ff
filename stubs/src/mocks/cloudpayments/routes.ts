import type {FastifyInstance, FastifyRequest} from 'fastify'
import type * as z from 'zod'
import {formFields, jsonOf, takeBodies, textOf} from '../body.js'
import {isBasic} from '../credentials.js'
import type {Failures} from '../failures/failures.js'
import {addFailures} from '../failures/hooks.js'
import type {MockSettings} from '../settings.js'
import {cardOf} from './card.js'
import type {CloudPayments} from './cloudpayments.js'
import {orderModel, transactionModel} from './models.js'
import {byInvoice, byTransaction, charge, newOrder, partOfTransaction} from './schemas.js'
import type {Transaction} from './transactions.js'

interface Answer {
  Model?: object
  Success: boolean
  Message: string | null
}

/** Adds the API of https://api.cloudpayments.ru, as far as the platform uses it. */
export function addCloudPayments(
  app: FastifyInstance,
  shop: CloudPayments,
  {cloudpayments: {publicId, apiSecret}, publicUrl}: MockSettings,
  failures: Failures,
): void {
  takeBodies(app)
  app.setNotFoundHandler((_, reply) => reply.code(404).send())
  app.addHook('onRequest', async ({headers: {authorization}}, reply) =>
    isBasic(authorization, publicId, apiSecret) ? undefined : reply.code(401).send(),
  )
  addFailures(app, failures, {
    provider: 'cloudpayments',
    operation: request => request.routeOptions.config.operation,
    error: reply => reply.code(500).send(),
    rateLimit: reply => reply.code(429).send(),
  })
  const add = <Schema extends z.ZodType>(
    url: string,
    operation: string,
    schema: Schema,
    run: (request: z.output<Schema>) => Answer | Promise<Answer>,
  ): void => {
    app.post(url, {config: {operation}}, async request => {
      const {success, data, error} = schema.safeParse(readBody(request))
      return success ? run(data) : failed(error.issues[0]!.message)
    })
  }

  app.post('/test', async () => ({Success: true, Message: null}))
  for (const operation of ['charge', 'auth'] as const) {
    add(`/payments/cards/${operation}`, operation, charge, async request =>
      outcome(await shop.pay(operation, request, cardOf(request.CardCryptogramPacket))),
    )
  }
  add('/payments/confirm', 'confirm', partOfTransaction, ({TransactionId, Amount}) =>
    done(shop.confirm(TransactionId, Amount)),
  )
  add('/payments/void', 'void', byTransaction, ({TransactionId}) => done(shop.cancel(TransactionId)))
  add('/payments/refund', 'refund', partOfTransaction, ({TransactionId, Amount}) => {
    const result = shop.refund(TransactionId, Amount)
    return typeof result === 'string' ? failed(result) : {...done(null), Model: {TransactionId: result}}
  })
  add('/payments/get', 'get', byTransaction, ({TransactionId}) => found(shop.stored.find(TransactionId)))
  for (const version of ['', '/v2']) {
    add(`${version}/payments/find`, 'find', byInvoice, ({InvoiceId}) =>
      found(shop.stored.findByInvoice(InvoiceId)),
    )
  }
  add('/orders/create', 'create-order', newOrder, request => ({
    ...done(null),
    Model: orderModel(shop.order(request), publicUrl),
  }))
}

function readBody({body, headers}: FastifyRequest): unknown {
  const type = headers['content-type'] ?? ''
  if (/^application\/json\b/i.test(type)) return jsonOf(textOf(body)) ?? {}
  return formFields(body)
}

function done(problem: string | null): Answer {
  return {Success: problem === null, Message: problem}
}

function failed(message: string): Answer {
  return {Success: false, Message: message}
}

function outcome(transaction: Transaction): Answer {
  return {Model: transactionModel(transaction), Success: transaction.status !== 'Declined', Message: null}
}

function found(transaction: Transaction | undefined): Answer {
  return transaction ? outcome(transaction) : failed('Not found')
}
