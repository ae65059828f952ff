import {randomBytes} from 'node:crypto'
import {decimal} from '../money.js'
import {Recent} from '../recent.js'
import {invalid, YooKassaError} from './errors.js'
import type {NewPayment, NewRefund} from './schemas.js'

const WEEK_MS = 7 * 24 * 3600 * 1000

/** Amounts are in kopecks. */
export interface Payment {
  id: string
  status: 'pending' | 'waiting_for_capture' | 'succeeded' | 'canceled'
  amount: number
  currency: string
  description: string | undefined
  metadata: Record<string, string>
  methodType: string
  /** Whether the money is taken at once when the payer pays. */
  capture: boolean
  returnUrl: string
  createdAt: Date
  capturedAt?: Date
  /** When money that waits for its capture would go back. */
  expiresAt: Date
  refunded: number
  cancellation?: {party: string; reason: string}
}

export interface Refund {
  id: string
  paymentId: string
  amount: number
  currency: string
  description: string | undefined
  createdAt: Date
}

/** All payments and refunds, and what may happen to each. */
export class Payments {
  readonly #payments = new Recent<Payment>()
  readonly #refunds = new Recent<Refund>()

  list(): Payment[] {
    return this.#payments.latest()
  }

  find(id: string): Payment | undefined {
    return this.#payments.get(id)
  }

  /** @throws YooKassaError not_found */
  get(id: string): Payment {
    const payment = this.find(id)
    if (!payment) throw new YooKassaError(404, "Payment doesn't exist or access denied", 'payment_id')
    return payment
  }

  /** @throws YooKassaError not_found */
  getRefund(id: string): Refund {
    const refund = this.#refunds.get(id)
    if (!refund) throw new YooKassaError(404, "Refund doesn't exist or access denied", 'refund_id')
    return refund
  }

  create({amount, confirmation, payment_method_data: {type}, ...rest}: NewPayment): Payment {
    if (!confirmation)
      throw invalid('confirmation', `Missing confirmation type for payment method type: ${type}`)
    const payment: Payment = {
      id: newId('000f'),
      status: 'pending',
      amount: amount.value,
      currency: amount.currency,
      description: rest.description,
      metadata: rest.metadata,
      methodType: type,
      capture: rest.capture,
      returnUrl: confirmation.return_url,
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + WEEK_MS),
      refunded: 0,
    }
    this.#payments.set(payment.id, payment)
    return payment
  }

  /** The payer has paid. */
  pay(payment: Payment): void {
    if (payment.capture) this.#succeed(payment)
    else payment.status = 'waiting_for_capture'
  }

  /** Takes the money, all of it or less. */
  capture(payment: Payment, amount = payment.amount): void {
    requireWaiting(payment, 'captured')
    if (amount > payment.amount)
      throw invalid('amount.value', 'Amount is greater than the amount of the payment')
    payment.amount = amount
    this.#succeed(payment)
  }

  cancel(payment: Payment): void {
    requireWaiting(payment, 'canceled')
    this.end(payment, {party: 'merchant', reason: 'canceled_by_merchant'})
  }

  /** Without money, for this reason. */
  end(payment: Payment, cancellation: NonNullable<Payment['cancellation']>): void {
    payment.status = 'canceled'
    payment.cancellation = cancellation
  }

  refund({payment_id, amount, description}: NewRefund): Refund {
    const payment = this.find(payment_id)
    if (!payment) throw invalid('payment_id', "Payment doesn't exist or access denied")
    if (payment.status !== 'succeeded')
      throw invalid('payment_id', `The payment is ${payment.status}, not succeeded`)
    const left = payment.amount - payment.refunded
    if (amount.value > left)
      throw invalid('amount.value', `Amount is greater than what is left: ${decimal(left)}`)
    payment.refunded += amount.value
    const id = newId('0015')
    const refund = {id, paymentId: payment_id, amount: amount.value, currency: payment.currency, description}
    this.#refunds.set(id, {...refund, createdAt: new Date()})
    return this.getRefund(id)
  }

  #succeed(payment: Payment): void {
    payment.status = 'succeeded'
    payment.capturedAt = new Date()
  }
}

function requireWaiting({status}: Payment, done: string): void {
  if (status === 'waiting_for_capture') return
  throw invalid(
    'payment_id',
    `The payment is ${status} and cannot be ${done}, only one in waiting_for_capture can`,
  )
}

// The shape that the real ones have: a payment 23d93cac-000f-5000-8000-126628f15141, a refund …-0015-….
function newId(kind: string): string {
  return `${randomBytes(4).toString('hex')}-${kind}-5000-8000-${randomBytes(6).toString('hex')}`
}
