import {createHmac, timingSafeEqual} from 'node:crypto'
import {Refusal} from '../../http/problem.js'
import {ask, type Account} from './ask.js'
import type {Payment} from './payments.js'

interface Answer {
  Success?: boolean
  Message?: string | null
  Model?: {Id?: string; Url?: string; Status?: string}
}

/** What the payment has at CloudPayments: an order, and where the payer pays it. */
export async function createAtCloudPayments(
  account: Account,
  payment: Payment,
  returnUrl: string,
): Promise<Partial<Payment>> {
  const {id, userId, amount, description} = payment
  const answer = (await ask(account, {
    path: '/orders/create',
    body: {
      Amount: Number(amount.value),
      Currency: amount.currency,
      Description: description ?? 'Aquastream',
      InvoiceId: id,
      AccountId: userId,
      SuccessRedirectUrl: returnUrl,
    },
  })) as Answer | null
  const {Id, Url} = answer?.Model ?? {}
  if (!answer?.Success || !Id || !Url) {
    throw new Refusal(502, `CloudPayments makes no order: ${answer?.Message ?? 'no reason given'}.`)
  }
  return {providerPaymentId: Id, confirmationUrl: Url}
}

/** How the payment of an invoice stands, in CloudPayments' words: `Completed`, `Declined` and others. */
export async function statusAtCloudPayments(
  account: Account,
  invoiceId: string,
): Promise<string | undefined> {
  const answer = (await ask(account, {
    path: '/v2/payments/find',
    body: {InvoiceId: invoiceId},
  })) as Answer | null
  return answer?.Model?.Status
}

/** Whether the signature is that of the body, as it came, with the API secret. */
export function isSigned(body: string, signature: string | undefined, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest()
  const given = Buffer.from(signature ?? '', 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
