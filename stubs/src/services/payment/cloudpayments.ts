import {createHmac, timingSafeEqual} from 'node:crypto'
import {HttpError} from '../../http/problem.js'
import {callProvider, type ProviderAccount} from './provider-api.js'
import type {Payment} from './store.js'

interface CloudPaymentsResponse {
  Success?: boolean
  Message?: string | null
  Model?: {Id?: string; Url?: string; Status?: string}
}

/**
 * Creates an order at CloudPayments. Returns its id, and the URL where the payer pays.
 *
 * @throws HttpError 502 if CloudPayments cannot be reached or does not create the order
 */
export async function createAtCloudPayments(
  account: ProviderAccount,
  payment: Payment,
  returnUrl: string,
): Promise<Partial<Payment>> {
  const {id, userId, amount, description} = payment
  const response = (await callProvider(account, {
    path: '/orders/create',
    body: {
      Amount: Number(amount.value),
      Currency: amount.currency,
      Description: description ?? 'Aquastream',
      InvoiceId: id,
      AccountId: userId,
      SuccessRedirectUrl: returnUrl,
    },
  })) as CloudPaymentsResponse | null
  const {Id, Url} = response?.Model ?? {}
  if (!response?.Success || !Id || !Url) {
    const reason = response?.Message ?? 'no reason given'
    throw new HttpError(502, `CloudPayments did not create the order: ${reason}.`)
  }
  return {providerPaymentId: Id, confirmationUrl: Url}
}

/**
 * Returns the status of the payment for an invoice as CloudPayments names it, such as `Completed` or `Declined`.
 *
 * @throws HttpError 502 if CloudPayments cannot be reached or reports an error
 */
export async function statusAtCloudPayments(
  account: ProviderAccount,
  invoiceId: string,
): Promise<string | undefined> {
  const response = (await callProvider(account, {
    path: '/v2/payments/find',
    body: {InvoiceId: invoiceId},
  })) as CloudPaymentsResponse | null
  return response?.Model?.Status
}

/** Returns whether the signature is the base64 HMAC-SHA256 of the body with this secret. */
export function isSigned(body: string, signature: string | undefined, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest()
  const given = Buffer.from(signature ?? '', 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
