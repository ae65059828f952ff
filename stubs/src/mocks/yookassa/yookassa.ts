import type {Action, Checkout, PaymentView} from '../checkout.js'
import type {Failures} from '../failures/failures.js'
import {decimal} from '../money.js'
import type {News} from '../news.js'
import type {MockSettings} from '../settings.js'
import type {Webhooks} from '../webhooks/webhooks.js'
import {paymentDocument, refundDocument} from './documents.js'
import {Payments, type Payment, type Refund} from './payments.js'
import type {NewPayment, NewRefund} from './schemas.js'

/** The shop's account: what is done with its payments, and what the shop is told. */
export class YooKassa implements Checkout {
  readonly provider = 'yookassa'
  readonly reasons = [
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
  readonly stored = new Payments()

  constructor(
    private readonly settings: MockSettings,
    private readonly webhooks: Webhooks,
    private readonly failures: Failures,
    private readonly news: News,
  ) {}

  payments(): PaymentView[] {
    return this.stored.list().map(viewOf)
  }

  create(request: NewPayment): Payment {
    const payment = this.stored.create(request)
    this.news.tell(`YooKassa: a new payment of ${decimal(payment.amount)} ${payment.currency}.`)
    return payment
  }

  capture(id: string, amount?: number): Payment {
    const payment = this.stored.get(id)
    this.stored.capture(payment, amount)
    this.#changed(payment)
    return payment
  }

  cancel(id: string): Payment {
    const payment = this.stored.get(id)
    this.stored.cancel(payment)
    this.#changed(payment)
    return payment
  }

  refund(request: NewRefund): Refund {
    const refund = this.stored.refund(request)
    this.#notify('refund.succeeded', refundDocument(refund))
    this.news.tell(`YooKassa: ${decimal(refund.amount)} ${refund.currency} refunded.`)
    return refund
  }

  document(payment: Payment): object {
    return paymentDocument(payment, this.settings.yookassa.shopId, this.settings.publicUrl)
  }

  async act(id: string, action: Action, wanted?: string): Promise<void> {
    const reason = this.reasons.find(known => known === wanted) ?? this.reasons[0]
    const payment = this.stored.find(id)
    if (!payment || !viewOf(payment).actions.includes(action)) return
    if (action === 'refund') {
      const amount = {value: payment.amount - payment.refunded, currency: payment.currency}
      this.refund({payment_id: id, amount})
      return
    }
    const declined = action === 'decline' || this.failures.take('yookassa', 'pay', 'decline')
    if (declined) this.stored.end(payment, {party: partyOf(reason), reason})
    else this.stored.pay(payment)
    this.#changed(payment)
  }

  #changed(payment: Payment): void {
    this.#notify(`payment.${payment.status}`, this.document(payment))
    this.news.tell(
      `YooKassa: the payment of ${decimal(payment.amount)} ${payment.currency} is ${payment.status}.`,
    )
  }

  #notify(event: string, object: object): void {
    void this.webhooks.deliver({
      provider: 'yookassa',
      event,
      url: `${this.settings.webhookUrl}/yookassa`,
      contentType: 'application/json',
      body: JSON.stringify({type: 'notification', event, object}),
      accepts: ({status}) => status === 200,
    })
  }
}

function partyOf(reason: string): string {
  return reason === 'expired_on_confirmation' || reason === 'fraud_suspected'
    ? 'yoo_money'
    : 'payment_network'
}

function viewOf(payment: Payment): PaymentView {
  const {id, status, amount, refunded, currency, cancellation} = payment
  const actions: Record<Payment['status'], Action[]> = {
    pending: ['pay', 'decline'],
    waiting_for_capture: [],
    succeeded: refunded < amount ? ['refund'] : [],
    canceled: [],
  }
  return {
    provider: 'yookassa',
    id,
    description: payment.description ?? '',
    amount: `${decimal(amount)} ${currency}`,
    status,
    detail: cancellation
      ? `${cancellation.reason} (${cancellation.party})`
      : refundedWords(refunded, currency),
    at: payment.createdAt,
    actions: actions[status],
    returnUrl: payment.returnUrl,
  }
}

function refundedWords(refunded: number, currency: string): string {
  return refunded > 0 ? `${decimal(refunded)} ${currency} refunded` : ''
}
