// The objects of the API, with the members that https://yookassa.ru/developers/api shows.
import {formatKopecks} from '../money.js'
import type {Refund, YooKassaPayment} from './payments.js'

/** The card of all payments, because the payer enters none. */
const CARD = {
  first6: '555555',
  last4: '4444',
  expiry_month: '12',
  expiry_year: '2030',
  card_type: 'MasterCard',
  issuer_country: 'RU',
}

/** Returns a payment as the API returns it. */
export function paymentDocument(payment: YooKassaPayment, shopId: string, publicUrl: string): object {
  const paid = payment.status === 'succeeded' || payment.status === 'waiting_for_capture'
  return {
    id: payment.id,
    status: payment.status,
    paid,
    amount: money(payment.amount, payment.currency),
    ...(payment.status === 'succeeded' && {
      income_amount: money(payment.amount, payment.currency),
      refunded_amount: money(payment.refunded, payment.currency),
      captured_at: payment.capturedAt?.toISOString(),
    }),
    created_at: payment.createdAt.toISOString(),
    ...(payment.description !== undefined && {description: payment.description}),
    metadata: payment.metadata,
    recipient: {account_id: shopId, gateway_id: '100700'},
    ...(payment.status === 'pending' && {
      confirmation: {
        type: 'redirect',
        return_url: payment.returnUrl,
        confirmation_url: `${publicUrl}/pay/${payment.id}`,
      },
    }),
    ...(payment.status === 'waiting_for_capture' && {expires_at: payment.expiresAt.toISOString()}),
    ...(payment.status !== 'pending' && {payment_method: paymentMethod(payment, paid)}),
    ...(payment.cancellation && {cancellation_details: payment.cancellation}),
    refundable: payment.status === 'succeeded' && payment.refunded < payment.amount,
    test: true,
  }
}

function paymentMethod({id, methodType}: YooKassaPayment, paid: boolean): object {
  const card = methodType === 'bank_card' && {title: `Bank card *${CARD.last4}`, card: CARD}
  return {type: methodType, id, saved: false, status: paid ? 'active' : 'inactive', ...card}
}

/** Returns a refund as the API returns it. */
export function refundDocument(refund: Refund): object {
  return {
    id: refund.id,
    payment_id: refund.paymentId,
    status: 'succeeded',
    created_at: refund.createdAt.toISOString(),
    amount: money(refund.amount, refund.currency),
    ...(refund.description !== undefined && {description: refund.description}),
  }
}

function money(amount: number, currency: string): {value: string; currency: string} {
  return {value: formatKopecks(amount), currency}
}
