// What providers report. Each report is only a reason to ask the provider how the payment stands.
import type {FastifyBaseLogger} from 'fastify'
import type {Answer, Call} from '../../api/serve.js'
import {Refusal} from '../../http/problem.js'
import {isSigned, statusAtCloudPayments} from './cloudpayments.js'
import type {Payment, Payments} from './payments.js'
import type {PaymentSettings} from './settings.js'
import {statusAtYooKassa} from './yookassa.js'

/** CloudPayments' answers: 0 takes the report, and in a check the payment; the others decline the payment. */
const CODES = {taken: 0, unknownInvoice: 10, wrongAmount: 12, notAccepted: 13}

interface Site {
  payments: Payments
  settings: PaymentSettings
  log: FastifyBaseLogger
}

export async function receiveYooKassa(
  {body}: Call<{event: string; object: {id: string}}>,
  {payments, settings, log}: Site,
): Promise<Answer> {
  const payment = payments.findByProviderId(body.object.id)
  if (payment) {
    const status = await statusAtYooKassa(settings.yookassa, body.object.id)
    if (status === 'succeeded') await payments.pay(payment)
    if (status === 'canceled') payments.end(payment, 'CANCELLED')
  } else {
    // Taken all the same: YooKassa would send it for a day
    log.warn(`YooKassa reports ${body.event} of ${body.object.id}, a payment that this stub has not started`)
  }
  return code('taken')
}

export async function receiveCloudPayments(
  {query, request}: Call<unknown, {notification?: 'check' | 'pay' | 'fail'}>,
  {payments, settings, log}: Site,
): Promise<Answer> {
  const text = request.body as string
  const signature = request.headers['content-hmac']
  if (!isSigned(text, String(signature), settings.cloudpayments.password)) {
    throw new Refusal(403, 'Content-HMAC is missing, or is not the signature of this body.')
  }
  const form = new URLSearchParams(text)
  const invoice = form.get('InvoiceId') ?? ''
  const payment = payments.find(invoice)
  if (query.notification === 'check') return code(answerToCheck(payment, form))
  if (payment) {
    const status = await statusAtCloudPayments(settings.cloudpayments, invoice)
    if (status === 'Completed') await payments.pay(payment)
    if (status === 'Declined') payments.end(payment, 'FAILED')
  } else {
    log.warn(`CloudPayments reports invoice ${JSON.stringify(invoice)}, which this stub does not know`)
  }
  return code('taken')
}

function answerToCheck(payment: Payment | undefined, form: URLSearchParams): keyof typeof CODES {
  if (payment?.provider !== 'cloudpayments') return 'unknownInvoice'
  const {amount, status} = payment
  if (Number(form.get('Amount')) !== Number(amount.value) || form.get('Currency') !== amount.currency) {
    return 'wrongAmount'
  }
  return status === 'PENDING' || status === 'FAILED' ? 'taken' : 'notAccepted'
}

function code(name: keyof typeof CODES): Answer {
  return {status: 200, body: {code: CODES[name]}}
}
