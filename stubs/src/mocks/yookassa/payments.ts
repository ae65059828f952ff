import {randomBytes} from 'node:crypto'
import {BoundedMap} from '../bounded-map.js'
import {formatKopecks} from '../money.js'
import {invalid, YooKassaError} from './errors.js'
import type {NewPayment, NewRefund} from './schemas.js'

const WEEK_MS = 7 * 24 * 3600 * 1000

/** A payment of the shop. Amounts are in kopecks. */
export interface YooKassaPayment {
  id: string
  status: 'pending' | 'waiting_for_capture' | 'succeeded' | 'canceled'
  amount: number
  currency: string
  description: string | undefined
  metadata: Record<string, string>
  methodType: string
  /** Whether the payment succeeds immediately when the payer pays, without a capture by the shop. */
  capture: boolean
  returnUrl: string
  createdAt: Date
  capturedAt?: Date
  /** The deadline of the capture. */
  expiresAt: Date
  refunded: number
  cancellation?: {party: string; reason: string}
}

/** A refund of a payment. The amount is in kopecks. */
export interface Refund {
  id: string
  paymentId: string
  amount: number
  currency: string
  description: string | undefined
  createdAt: Date
}

/** All payments and refunds, in memory. Each method checks that the status of the payment allows the operation. */
export class YooKassaPayments {
  readonly #payments = new BoundedMap<YooKassaPayment>()
  readonly #refunds = new BoundedMap<Refund>()

  /** Returns the payments, the newest first. */
  list(): YooKassaPayment[] {
    return this.#payments.newestFirst()
  }

  find(id: string): YooKassaPayment | undefined {
    return this.#payments.get(id)
  }

  /** Returns a payment. @throws YooKassaError 404 if it does not exist */
  get(id: string): YooKassaPayment {
    const payment = this.find(id)
    if (!payment) throw new YooKassaError(404, "Payment doesn't exist or access denied", 'payment_id')
    return payment
  }

  /** Returns a refund. @throws YooKassaError 404 if it does not exist */
  getRefund(id: string): Refund {
    const refund = this.#refunds.get(id)
    if (!refund) throw new YooKassaError(404, "Refund doesn't exist or access denied", 'refund_id')
    return refund
  }

  /** Creates a pending payment. @throws YooKassaError 400 if the confirmation is missing */
  create({amount, confirmation, payment_method_data: {type}, ...rest}: NewPayment): YooKassaPayment {
    if (!confirmation)
      throw invalid('confirmation', `Missing confirmation type for payment method type: ${type}`)
    const payment: YooKassaPayment = {
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

  /** Records that the payer has paid. */
  pay(payment: YooKassaPayment): void {
    if (payment.capture) this.#succeed(payment)
    else payment.status = 'waiting_for_capture'
  }

  /**
   * Captures a payment in full or in part.
   *
   * @throws YooKassaError 400 if the payment is not waiting for its capture or the amount is too high
   */
  capture(payment: YooKassaPayment, amount = payment.amount): void {
    requireWaitingForCapture(payment, 'captured')
    if (amount > payment.amount)
      throw invalid('amount.value', 'Amount is greater than the amount of the payment')
    payment.amount = amount
    this.#succeed(payment)
  }

  /** Cancels a payment on behalf of the shop. @throws YooKassaError 400 if it is not waiting for its capture */
  cancel(payment: YooKassaPayment): void {
    requireWaitingForCapture(payment, 'canceled')
    this.setCanceled(payment, {party: 'merchant', reason: 'canceled_by_merchant'})
  }

  /** Sets the status `canceled` with this reason. */
  setCanceled(payment: YooKassaPayment, cancellation: NonNullable<YooKassaPayment['cancellation']>): void {
    payment.status = 'canceled'
    payment.cancellation = cancellation
  }

  /**
   * Refunds a payment in full or in part.
   *
   * @throws YooKassaError 400 if the payment does not exist, has not succeeded, or the amount is too high
   */
  refund({payment_id, amount, description}: NewRefund): Refund {
    const payment = this.find(payment_id)
    if (!payment) throw invalid('payment_id', "Payment doesn't exist or access denied")
    if (payment.status !== 'succeeded')
      throw invalid('payment_id', `The payment is ${payment.status}, not succeeded`)
    const remaining = payment.amount - payment.refunded
    if (amount.value > remaining)
      throw invalid(
        'amount.value',
        `Amount is greater than the remaining amount of the payment: ${formatKopecks(remaining)}`,
      )
    payment.refunded += amount.value
    const id = newId('0015')
    const refund = {id, paymentId: payment_id, amount: amount.value, currency: payment.currency, description}
    this.#refunds.set(id, {...refund, createdAt: new Date()})
    return this.getRefund(id)
  }

  #succeed(payment: YooKassaPayment): void {
    payment.status = 'succeeded'
    payment.capturedAt = new Date()
  }
}

function requireWaitingForCapture({status}: YooKassaPayment, participle: string): void {
  if (status === 'waiting_for_capture') return
  throw invalid(
    'payment_id',
    `The payment is ${status} and cannot be ${participle}; only a payment that is waiting_for_capture can`,
  )
}

// Ids have the format of the real API: 23d93cac-000f-5000-8000-126628f15141 for a payment, …-0015-… for a refund.
function newId(kind: string): string {
  return `${randomBytes(4).toString('hex')}-${kind}-5000-8000-${randomBytes(6).toString('hex')}`
}
