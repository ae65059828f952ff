import type {FastifyBaseLogger} from 'fastify'
import {isForm} from '../../api/body.js'
import type {ApiCall, ApiResponse, Handlers} from '../../api/serve.js'
import {HttpError} from '../../http/problem.js'
import {createAtCloudPayments} from './cloudpayments.js'
import type {PaymentSettings} from './settings.js'
import {createPayment, type PaymentRequest, type PaymentStore} from './store.js'
import {receiveCloudPayments, receiveYooKassa} from './webhooks.js'
import {createAtYooKassa} from './yookassa.js'

interface Review {
  decision: 'APPROVED' | 'REJECTED'
  comment?: string
}

/** Creates the handlers of the payment service. They use the real APIs of the providers, or their mocks. */
export function paymentHandlers(
  payments: PaymentStore,
  settings: PaymentSettings,
  log: FastifyBaseLogger,
): Handlers {
  return {
    async initPayment({body, claims}: ApiCall<PaymentRequest>) {
      const payment = createPayment(body, claims.sub)
      const {returnUrl = settings.returnUrl} = body
      if (payment.provider === 'yookassa') {
        Object.assign(payment, await createAtYooKassa(settings.yookassa, payment, returnUrl))
      } else if (payment.provider === 'cloudpayments') {
        Object.assign(payment, await createAtCloudPayments(settings.cloudpayments, payment, returnUrl))
      }
      payments.add(payment)
      return {status: 201, body: payment}
    },

    submitProof({params, body, claims}: ApiCall<object>) {
      const payment = payments.find(params.id!)
      if (payment?.userId !== claims.sub) throw notFound(params.id!)
      if (payment.provider !== 'transfer') {
        throw new HttpError(
          409,
          `Only a bank transfer requires a proof, but the provider is ${payment.provider}.`,
        )
      }
      if (payment.status === 'PAID') throw new HttpError(409, 'The payment is already paid.')
      Object.assign(payment, {proof: body, status: 'IN_REVIEW'})
      return {status: 200, body: payment}
    },

    async reviewPayment({params, body}: ApiCall<Review>) {
      const payment = payments.find(params.id!)
      if (!payment) throw notFound(params.id!)
      if (payment.status !== 'IN_REVIEW') {
        throw new HttpError(
          409,
          `The payment is ${payment.status}; only a payment that is IN_REVIEW can be reviewed.`,
        )
      }
      if (body.decision === 'APPROVED') await payments.markPaid(payment)
      else payment.status = 'REJECTED'
      payment.review = body
      return {status: 200, body: payment}
    },

    async receiveWebhook(call: ApiCall<never, never>): Promise<ApiResponse> {
      const isCloudPayments = call.params.provider === 'cloudpayments'
      if (isForm(call.request) !== isCloudPayments) {
        throw new HttpError(
          415,
          'A webhook of CloudPayments must be application/x-www-form-urlencoded, one of YooKassa application/json.',
        )
      }
      const receive = isCloudPayments ? receiveCloudPayments : receiveYooKassa
      return receive(call, {payments, settings, log})
    },
  }
}

function notFound(id: string): HttpError {
  return new HttpError(404, `The payment ${id} does not exist.`)
}
