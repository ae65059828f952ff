// The webhooks of the providers. A webhook alone changes nothing: the status is requested from the provider.
import type {FastifyBaseLogger} from 'fastify'
import type {ApiCall, ApiResponse} from '../../api/serve.js'
import {HttpError} from '../../http/problem.js'
import {isSigned, statusAtCloudPayments} from './cloudpayments.js'
import type {PaymentSettings} from './settings.js'
import type {Payment, PaymentStore} from './store.js'
import {statusAtYooKassa} from './yookassa.js'

/**
 * The response codes of https://developers.cloudpayments.ru/#check. 0 accepts the notification; in response to
 * `check`, any other code declines the payment.
 */
const CODES = {accepted: 0, unknownInvoice: 10, wrongAmount: 12, notAcceptable: 13}

interface WebhookContext {
  payments: PaymentStore
  settings: PaymentSettings
  log: FastifyBaseLogger
}

/**
 * Handles a webhook of YooKassa.
 *
 * @throws HttpError 502 if YooKassa does not return the status, 503 if the notification stub cannot be informed;
 *   YooKassa then repeats the webhook
 */
export async function receiveYooKassa(
  {body}: ApiCall<{event: string; object: {id: string}}>,
  {payments, settings, log}: WebhookContext,
): Promise<ApiResponse> {
  const {event, object} = body
  const payment = payments.findByProviderId(object.id)
  if (payment) {
    const status = await statusAtYooKassa(settings.yookassa, object.id)
    if (status === 'succeeded') await payments.markPaid(payment)
    if (status === 'canceled') payments.markUnsuccessful(payment, 'CANCELLED')
  } else {
    // Accepted nevertheless: YooKassa would repeat the webhook for a day
    log.warn(`YooKassa sent ${event} for ${object.id}, a payment that this stub did not create`)
  }
  return respond('accepted')
}

/**
 * Handles a webhook of CloudPayments.
 *
 * @throws HttpError 403 if the signature is missing or wrong, 502 if CloudPayments does not return the status, 503 if
 *   the notification stub cannot be informed; CloudPayments then repeats the webhook
 */
export async function receiveCloudPayments(
  {query, request}: ApiCall<unknown, {notification?: 'check' | 'pay' | 'fail'}>,
  {payments, settings, log}: WebhookContext,
): Promise<ApiResponse> {
  const text = request.body as string
  const signature = request.headers['content-hmac']
  if (!isSigned(text, String(signature), settings.cloudpayments.password)) {
    throw new HttpError(403, 'Content-HMAC is missing or is not the signature of the body.')
  }
  const form = new URLSearchParams(text)
  const invoice = form.get('InvoiceId') ?? ''
  const payment = payments.find(invoice)
  if (query.notification === 'check') return respond(checkResult(payment, form))
  if (payment) {
    const status = await statusAtCloudPayments(settings.cloudpayments, invoice)
    if (status === 'Completed') await payments.markPaid(payment)
    if (status === 'Declined') payments.markUnsuccessful(payment, 'FAILED')
  } else {
    log.warn(`CloudPayments sent a notification for the unknown invoice ${JSON.stringify(invoice)}`)
  }
  return respond('accepted')
}

function checkResult(payment: Payment | undefined, form: URLSearchParams): keyof typeof CODES {
  if (payment?.provider !== 'cloudpayments') return 'unknownInvoice'
  const {amount, status} = payment
  if (Number(form.get('Amount')) !== Number(amount.value) || form.get('Currency') !== amount.currency) {
    return 'wrongAmount'
  }
  return status === 'PENDING' || status === 'FAILED' ? 'accepted' : 'notAcceptable'
}

function respond(result: keyof typeof CODES): ApiResponse {
  return {status: 200, body: {code: CODES[result]}}
}
