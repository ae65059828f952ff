import type {Action, Checkout, PaymentView} from '../checkout.js'
import type {MockContext} from '../context.js'
import {formatKopecks} from '../money.js'
import {TEST_CARD, type Card} from './card.js'
import {Notifications} from './notifications.js'
import {APPROVED, declineReason, DECLINES, UNABLE_TO_PROCESS, type Reason} from './reasons.js'
import type {NewOrder, Purchase} from './schemas.js'
import {Transactions, type Order, type Transaction} from './transactions.js'
import {orderView, transactionView} from './views.js'

/** How a payment was started: by an API method, or on the page of an order. */
export type PaymentOperation = 'charge' | 'auth' | 'pay'

/** The account of the shop at CloudPayments. Amounts are in kopecks. */
export class CloudPayments implements Checkout {
  readonly provider = 'cloudpayments'
  readonly declineReasons = Object.keys(DECLINES)
  readonly store = new Transactions()
  readonly #context: MockContext
  readonly #notifications: Notifications

  constructor(context: MockContext) {
    this.#context = context
    this.#notifications = new Notifications(context.settings, context.webhooks)
  }

  payments(): PaymentView[] {
    return [...this.store.orders().map(orderView), ...this.store.list().map(transactionView)]
  }

  /**
   * Asks the shop for its consent and then charges the card. The transaction is completed, or only authorized if the
   * shop has to confirm it.
   */
  async pay(
    operation: PaymentOperation,
    {purchase, card, completes}: {purchase: Purchase; card: Card; completes: boolean},
  ): Promise<Transaction> {
    const status = completes ? 'Completed' : 'Authorized'
    const transaction = this.store.create(purchase, card)
    if (!(await this.#notifications.check(transaction, status)))
      return this.#decline(transaction, UNABLE_TO_PROCESS)
    if (this.#context.failures.consume('cloudpayments', operation, 'decline'))
      return this.#decline(transaction, declineReason())
    transaction.authorizedAt = new Date()
    if (completes) transaction.confirmedAt = transaction.authorizedAt
    transaction.reason = APPROVED
    this.#setStatus(transaction, status)
    this.#notifications.pay(transaction)
    return transaction
  }

  createOrder(request: NewOrder): Order {
    this.#context.events.emit(
      `CloudPayments: new order of ${formatKopecks(request.Amount)} ${request.Currency}.`,
    )
    return this.store.createOrder(request)
  }

  /** Completes an authorized transaction. Returns an error message, or null on success. */
  confirm(id: number, amount: number): string | null {
    const transaction = this.store.find(id)
    if (!transaction) return 'Transaction not found'
    if (transaction.status !== 'Authorized') return `Transaction is ${transaction.status}, not Authorized`
    if (amount > transaction.amount) return 'Amount is greater than the amount of the transaction'
    transaction.amount = amount
    transaction.confirmedAt = new Date()
    this.#setStatus(transaction, 'Completed')
    return null
  }

  /** Cancels an authorized transaction. Returns an error message, or null on success. */
  cancel(id: number): string | null {
    const transaction = this.store.find(id)
    if (!transaction) return 'Transaction not found'
    if (transaction.status !== 'Authorized') return `Transaction is ${transaction.status}, not Authorized`
    this.#setStatus(transaction, 'Cancelled')
    return null
  }

  /** Refunds a completed transaction in full or in part. Returns the id of the refund, or an error message. */
  refund(id: number, amount: number): number | string {
    const transaction = this.store.find(id)
    if (!transaction) return 'Transaction not found'
    if (transaction.status !== 'Completed') return `Transaction is ${transaction.status}, not Completed`
    if (amount > transaction.amount - transaction.refunded)
      return 'Amount is greater than the remaining amount of the transaction'
    transaction.refunded += amount
    this.#context.events.emit(
      `CloudPayments: ${formatKopecks(amount)} ${transaction.purchase.Currency} refunded.`,
    )
    return this.store.nextId()
  }

  async perform(id: string, action: Action, reason?: string): Promise<void> {
    const order = this.store.findOrder(id)
    if (order && orderView(order).actions.includes(action)) await this.#payOrDecline(order, action, reason)
    const transaction = this.store.find(Number(id))
    if (transaction && action === 'refund')
      this.refund(transaction.id, transaction.amount - transaction.refunded)
  }

  async #payOrDecline(order: Order, action: Action, reason?: string): Promise<void> {
    // Before the shop is asked, so that pressing the button twice pays once
    order.status = 'Paid'
    const {request} = order
    const transaction =
      action === 'decline'
        ? this.#decline(this.store.create(request, TEST_CARD), declineReason(reason))
        : await this.pay('pay', {purchase: request, card: TEST_CARD, completes: !request.RequireConfirmation})
    if (transaction.status !== 'Declined') return
    order.status = 'Created'
    order.declined = transaction.reason!.reason
  }

  #decline(transaction: Transaction, reason: Reason): Transaction {
    transaction.reason = reason
    this.#setStatus(transaction, 'Declined')
    this.#notifications.fail(transaction)
    return transaction
  }

  #setStatus(transaction: Transaction, status: Transaction['status']): void {
    transaction.status = status
    const amount = `${formatKopecks(transaction.amount)} ${transaction.purchase.Currency}`
    this.#context.events.emit(`CloudPayments: the payment of ${amount} is now ${status}.`)
  }
}
