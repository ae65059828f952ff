import {randomUUID} from 'node:crypto'
import {causeOf} from '../../health/check.js'
import {HttpError} from '../../http/problem.js'
import type {Money} from '../money.js'
import type {PaymentEvent} from '../payment-events.js'

/** `transfer` is a bank transfer, which an organizer reviews. */
type PaymentProvider = 'yookassa' | 'cloudpayments' | 'transfer'

/** A payment for a booking. */
export interface Payment {
  id: string
  bookingId: string
  userId: string
  amount: Money
  description?: string
  provider: PaymentProvider
  /** The id of the payment at the provider. */
  providerPaymentId?: string
  confirmationUrl?: string
  status: 'PENDING' | 'IN_REVIEW' | 'PAID' | 'FAILED' | 'CANCELLED' | 'REJECTED'
  proof?: object
  review?: object
  createdAt: string
  paidAt?: string
}

/** What a client specifies about a new payment. */
export interface PaymentRequest {
  bookingId: string
  amount: Money
  provider?: PaymentProvider
  description?: string
  returnUrl?: string
}

/** All payments, in memory. */
export class PaymentStore {
  readonly #payments = new Map<string, Payment>()

  constructor(
    private readonly notify: (event: PaymentEvent) => Promise<void>,
    initial: Payment[],
  ) {
    for (const payment of initial) this.add({...payment})
  }

  add(payment: Payment): void {
    this.#payments.set(payment.id, payment)
  }

  find(id: string): Payment | undefined {
    return this.#payments.get(id)
  }

  findByProviderId(id: string): Payment | undefined {
    return [...this.#payments.values()].find(({providerPaymentId}) => providerPaymentId === id)
  }

  /**
   * Marks a payment as paid and notifies once. Idempotent, also during the notification.
   *
   * @throws HttpError 503 if the notification fails; the payment is then unchanged, so that a retry can succeed
   */
  async markPaid(payment: Payment): Promise<void> {
    if (payment.status === 'PAID') return
    const before = {...payment}
    Object.assign(payment, {status: 'PAID', paidAt: new Date().toISOString()})
    try {
      await this.notify(toEvent(payment))
    } catch (error) {
      delete payment.paidAt
      Object.assign(payment, before)
      throw new HttpError(503, `The payment cannot be reported to the notification stub: ${causeOf(error)}.`)
    }
  }

  /** Marks a payment as failed or cancelled. A paid payment remains paid. */
  markUnsuccessful(payment: Payment, status: 'FAILED' | 'CANCELLED'): void {
    if (payment.status !== 'PAID') payment.status = status
  }
}

function toEvent({id, userId, amount, description}: Payment): PaymentEvent {
  return {paymentId: id, userId, amount, ...(description === undefined ? {} : {description})}
}

/** Creates a pending payment of a user. The default provider is YooKassa. */
export function createPayment(request: PaymentRequest, userId: string): Payment {
  const {bookingId, amount, provider = 'yookassa', description} = request
  return {
    id: randomUUID(),
    bookingId,
    userId,
    amount,
    ...(description === undefined ? {} : {description}),
    provider,
    status: 'PENDING',
    createdAt: new Date().toISOString(),
  }
}
