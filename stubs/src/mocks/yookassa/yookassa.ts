import type {Action, Checkout, PaymentView} from '../checkout.js'
import type {MockContext} from '../context.js'
import {formatKopecks} from '../money.js'
import {paymentDocument, refundDocument} from './documents.js'
import {YooKassaPayments, type Refund, type YooKassaPayment} from './payments.js'
import type {NewPayment, NewRefund} from './schemas.js'

/** The account of the shop at YooKassa. Every change of a payment is reported to the shop by webhook. */
export class YooKassa implements Checkout {
  readonly provider = 'yookassa'
  readonly declineReasons = [
    'insufficient_funds',
    'general_decline',
    '3d_secure_failed',
    'card_expired',
    'invalid_csc',
    'fraud_suspected',
    'issuer_unavailable',
    'payment_method_limit_exceeded',
    'expired_on_confirmation',
  ] as const
  readonly store = new YooKassaPayments()

  constructor(private readonly context: MockContext) {}

  payments(): PaymentView[] {
    return this.store.list().map(toView)
  }

  create(request: NewPayment): YooKassaPayment {
    const payment = this.store.create(request)
    this.context.events.emit(`YooKassa: new payment of ${formatKopecks(payment.amount)} ${payment.currency}.`)
    return payment
  }

  capture(id: string, amount?: number): YooKassaPayment {
    const payment = this.store.get(id)
    this.store.capture(payment, amount)
    this.#reportChange(payment)
    return payment
  }

  cancel(id: string): YooKassaPayment {
    const payment = this.store.get(id)
    this.store.cancel(payment)
    this.#reportChange(payment)
    return payment
  }

  refund(request: NewRefund): Refund {
    const refund = this.store.refund(request)
    this.#notify('refund.succeeded', refundDocument(refund))
    this.context.events.emit(`YooKassa: ${formatKopecks(refund.amount)} ${refund.currency} refunded.`)
    return refund
  }

  document(payment: YooKassaPayment): object {
    return paymentDocument(payment, this.context.settings.yookassa.shopId, this.context.settings.publicUrl)
  }

  async perform(id: string, action: Action, requestedReason?: string): Promise<void> {
    const reason = this.declineReasons.find(known => known === requestedReason) ?? this.declineReasons[0]
    const payment = this.store.find(id)
    if (!payment || !toView(payment).actions.includes(action)) return
    if (action === 'refund') {
      const amount = {value: payment.amount - payment.refunded, currency: payment.currency}
      this.refund({payment_id: id, amount})
      return
    }
    const declined = action === 'decline' || this.context.failures.consume('yookassa', 'pay', 'decline')
    if (declined) this.store.setCanceled(payment, {party: cancellationParty(reason), reason})
    else this.store.pay(payment)
    this.#reportChange(payment)
  }

  #reportChange(payment: YooKassaPayment): void {
    this.#notify(`payment.${payment.status}`, this.document(payment))
    this.context.events.emit(
      `YooKassa: the payment of ${formatKopecks(payment.amount)} ${payment.currency} is now ${payment.status}.`,
    )
  }

  #notify(event: string, object: object): void {
    void this.context.webhooks.deliver({
      provider: 'yookassa',
      event,
      url: `${this.context.settings.webhookUrl}/yookassa`,
      contentType: 'application/json',
      body: JSON.stringify({type: 'notification', event, object}),
      accepts: ({status}) => status === 200,
    })
  }
}

/**
 * Returns the party that cancels a payment for this reason. The parties and reasons are those of
 * https://yookassa.ru/developers/payment-acceptance/after-the-payment/declined-payments.
 */
function cancellationParty(reason: string): string {
  return reason === 'expired_on_confirmation' || reason === 'fraud_suspected'
    ? 'yoo_money'
    : 'payment_network'
}

function toView(payment: YooKassaPayment): PaymentView {
  const {id, status, amount, refunded, currency, cancellation} = payment
  const actions: Record<YooKassaPayment['status'], Action[]> = {
    pending: ['pay', 'decline'],
    waiting_for_capture: [],
    succeeded: refunded < amount ? ['refund'] : [],
    canceled: [],
  }
  return {
    provider: 'yookassa',
    id,
    description: payment.description ?? '',
    amount: `${formatKopecks(amount)} ${currency}`,
    status,
    detail: cancellation
      ? `${cancellation.reason} (${cancellation.party})`
      : formatRefunded(refunded, currency),
    createdAt: payment.createdAt,
    actions: actions[status],
    returnUrl: payment.returnUrl,
  }
}

function formatRefunded(refunded: number, currency: string): string {
  return refunded > 0 ? `${formatKopecks(refunded)} ${currency} refunded` : ''
}
