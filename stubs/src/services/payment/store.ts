import {randomUUID} from 'node:crypto'
import {causeOf} from '../../health/check.js'
import {Refusal} from '../../http/problem.js'
import type {PaymentNews} from '../payment-news.js'

interface Money {
  value: string
  currency: string
}

type Provider = 'yookassa' | 'cloudpayments' | 'transfer'

export interface Payment {
  id: string
  bookingId: string
  userId: string
  amount: Money
  description?: string
  provider: Provider
  providerPaymentId?: string
  confirmationUrl?: string
  status: 'PENDING' | 'IN_REVIEW' | 'PAID' | 'FAILED' | 'CANCELLED' | 'REJECTED'
  proof?: object
  review?: object
  createdAt: string
  paidAt?: string
}

/** What a client asks for. */
export interface PaymentRequest {
  bookingId: string
  amount: Money
  provider?: Provider
  description?: string
  returnUrl?: string
}

/** Tells the rest of the platform that a payment is paid. */
type Tell = (news: PaymentNews) => Promise<void>

/** The payments that this stub has started, in memory. */
export class Payments {
  readonly #payments = new Map<string, Payment>()

  constructor(
    private readonly tell: Tell,
    known: Payment[],
  ) {
    for (const payment of known) this.add({...payment})
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
   * From now on it is paid, and others are told, once: who comes with the same news while they are told, or later,
   * changes nothing.
   *
   * @throws Refusal 503 when they cannot be told; the payment is then as it was, and the news may come again
   */
  async pay(payment: Payment): Promise<void> {
    if (payment.status === 'PAID') return
    const before = {...payment}
    Object.assign(payment, {status: 'PAID', paidAt: new Date().toISOString()})
    try {
      await this.tell(newsOf(payment))
    } catch (error) {
      delete payment.paidAt
      Object.assign(payment, before)
      throw new Refusal(503, `Nobody can be told of the payment: ${causeOf(error)}.`)
    }
  }

  /** It comes to nothing. What is paid stays paid. */
  end(payment: Payment, status: 'FAILED' | 'CANCELLED'): void {
    if (payment.status !== 'PAID') payment.status = status
  }
}

function newsOf({id, userId, amount, description}: Payment): PaymentNews {
  return {paymentId: id, userId, amount, ...(description === undefined ? {} : {description})}
}

export function newPayment(request: PaymentRequest, userId: string): Payment {
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
