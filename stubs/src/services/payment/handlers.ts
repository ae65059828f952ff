import type {FastifyBaseLogger} from 'fastify'
import {isForm} from '../../api/body.js'
import type {Answer, Call, Handlers} from '../../api/serve.js'
import {Refusal} from '../../http/problem.js'
import {createAtCloudPayments} from './cloudpayments.js'
import {newPayment, type Payment, type PaymentRequest, type Payments} from './payments.js'
import type {PaymentSettings} from './settings.js'
import {receiveCloudPayments, receiveYooKassa} from './webhooks.js'
import {createAtYooKassa} from './yookassa.js'

interface Review {
  decision: 'APPROVED' | 'REJECTED'
  comment?: string
}

/** Payments at the real providers, or at their mocks; what became of them is remembered. */
export function paymentHandlers(
  payments: Payments,
  settings: PaymentSettings,
  log: FastifyBaseLogger,
): Handlers {
  const found = (id: string, is: (payment: Payment) => boolean): Payment => {
    const payment = payments.find(id)
    if (payment && is(payment)) return payment
    throw new Refusal(404, `There is no payment ${id}.`)
  }

  return {
    async initPayment({body, claims}: Call<PaymentRequest>) {
      const payment = newPayment(body, claims.sub)
      const {returnUrl = settings.returnUrl} = body
      if (payment.provider === 'yookassa') {
        Object.assign(payment, await createAtYooKassa(settings.yookassa, payment, returnUrl))
      } else if (payment.provider === 'cloudpayments') {
        Object.assign(payment, await createAtCloudPayments(settings.cloudpayments, payment, returnUrl))
      }
      payments.add(payment)
      return {status: 201, body: payment}
    },

    submitProof({params, body, claims}: Call<object>) {
      const payment = found(params.id!, ({userId}) => userId === claims.sub)
      if (payment.provider !== 'transfer') {
        throw new Refusal(409, `The payment goes by ${payment.provider}, which needs no proof.`)
      }
      if (payment.status === 'PAID') throw new Refusal(409, 'The payment is paid.')
      Object.assign(payment, {proof: body, status: 'IN_REVIEW'})
      return {status: 200, body: payment}
    },

    async reviewPayment({params, body}: Call<Review>) {
      const payment = found(params.id!, () => true)
      if (payment.status !== 'IN_REVIEW') {
        throw new Refusal(409, `The payment is ${payment.status}: there is nothing to review.`)
      }
      if (body.decision === 'APPROVED') await payments.pay(payment)
      else payment.status = 'REJECTED'
      payment.review = body
      return {status: 200, body: payment}
    },

    async receiveWebhook(call: Call<never, never>): Promise<Answer> {
      const byForm = call.params.provider === 'cloudpayments'
      if (isForm(call.request) !== byForm) {
        throw new Refusal(
          415,
          'CloudPayments reports by application/x-www-form-urlencoded, YooKassa by JSON.',
        )
      }
      return (byForm ? receiveCloudPayments : receiveYooKassa)(call, {payments, settings, log})
    },
  }
}
