import {Refusal} from '../../http/problem.js'
import {ask, type Account} from './ask.js'
import type {Payment} from './payments.js'

interface Document {
  id?: string
  status?: string
  confirmation?: {confirmation_url?: string}
}

/** What the payment has at YooKassa: its id there, and where the payer goes on. */
export async function createAtYooKassa(
  account: Account,
  payment: Payment,
  returnUrl: string,
): Promise<Partial<Payment>> {
  const {id, bookingId, userId, amount, description} = payment
  const document = (await ask(account, {
    path: '/payments',
    // The id of the payment, so that one that is sent twice is made once
    headers: {'idempotence-key': id},
    body: {
      amount,
      capture: true,
      confirmation: {type: 'redirect', return_url: returnUrl},
      ...(description === undefined ? {} : {description}),
      metadata: {payment_id: id, booking_id: bookingId, user_id: userId},
    },
  })) as Document | null
  const confirmationUrl = document?.confirmation?.confirmation_url
  if (!document?.id || !confirmationUrl)
    throw new Refusal(502, 'YooKassa answers without a confirmation URL.')
  return {providerPaymentId: document.id, confirmationUrl}
}

/** How the payment stands, in YooKassa's words: `succeeded`, `canceled` and others. */
export async function statusAtYooKassa(
  account: Account,
  providerPaymentId: string,
): Promise<string | undefined> {
  const path = `/payments/${encodeURIComponent(providerPaymentId)}`
  const document = (await ask(account, {method: 'GET', path})) as Document | null
  return document?.status
}
