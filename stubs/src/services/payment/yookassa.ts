import {HttpError} from '../../http/problem.js'
import {callProvider, type ProviderAccount} from './provider-api.js'
import type {Payment} from './store.js'

interface PaymentResponse {
  id?: string
  status?: string
  confirmation?: {confirmation_url?: string}
}

/**
 * Creates a payment at YooKassa. Returns its id at YooKassa, and the URL where the payer pays.
 *
 * @throws HttpError 502 if YooKassa cannot be reached or does not create the payment
 */
export async function createAtYooKassa(
  account: ProviderAccount,
  payment: Payment,
  returnUrl: string,
): Promise<Partial<Payment>> {
  const {id, bookingId, userId, amount, description} = payment
  const response = (await callProvider(account, {
    path: '/payments',
    // A repeated request with the same key creates no second payment
    headers: {'idempotence-key': id},
    body: {
      amount,
      capture: true,
      confirmation: {type: 'redirect', return_url: returnUrl},
      ...(description === undefined ? {} : {description}),
      metadata: {payment_id: id, booking_id: bookingId, user_id: userId},
    },
  })) as PaymentResponse | null
  const confirmationUrl = response?.confirmation?.confirmation_url
  if (!response?.id || !confirmationUrl) {
    throw new HttpError(502, 'The response of YooKassa contains no confirmation URL.')
  }
  return {providerPaymentId: response.id, confirmationUrl}
}

/**
 * Returns the status of a payment as YooKassa names it, such as `succeeded` or `canceled`.
 *
 * @throws HttpError 502 if YooKassa cannot be reached or does not return the payment
 */
export async function statusAtYooKassa(
  account: ProviderAccount,
  providerPaymentId: string,
): Promise<string | undefined> {
  const path = `/payments/${encodeURIComponent(providerPaymentId)}`
  const response = (await callProvider(account, {method: 'GET', path})) as PaymentResponse | null
  return response?.status
}
