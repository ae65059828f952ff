import type {Action, Checkout, PaymentView} from '../checkout.js'
import type {Failures} from '../failures/failures.js'
import {decimal} from '../money.js'
import type {News} from '../news.js'
import type {MockSettings} from '../settings.js'
import type {Webhooks} from '../webhooks/webhooks.js'
import {TEST_CARD, type Card} from './card.js'
import {Notifications} from './notifications.js'
import {APPROVED, decline, DECLINES, UNABLE_TO_PROCESS, type Reason} from './reasons.js'
import type {NewOrder, Purchase} from './schemas.js'
import {Transactions, type Order, type Transaction} from './transactions.js'
import {orderView, transactionView} from './views.js'

export type Operation = 'charge' | 'auth' | 'pay'

/** The shop's account: what is done with its payments, and what the shop is asked and told. */
export class CloudPayments implements Checkout {
  readonly provider = 'cloudpayments'
  readonly reasons = Object.keys(DECLINES)
  readonly stored = new Transactions()
  readonly #notifications: Notifications

  constructor(
    settings: MockSettings,
    webhooks: Webhooks,
    private readonly failures: Failures,
    private readonly news: News,
  ) {
    this.#notifications = new Notifications(settings, webhooks)
  }

  payments(): PaymentView[] {
    return [...this.stored.orders().map(orderView), ...this.stored.list().map(transactionView)]
  }

  /** Asks the shop, then the payer's bank; the money is taken, or only blocked when somebody has to confirm. */
  async pay(
    operation: Operation,
    purchase: Purchase,
    card: Card,
    confirmed = operation === 'charge',
  ): Promise<Transaction> {
    const scheme = confirmed ? 'Completed' : 'Authorized'
    const transaction = this.stored.begin(purchase, card)
    if (!(await this.#notifications.check(transaction, scheme)))
      return this.#decline(transaction, UNABLE_TO_PROCESS)
    if (this.failures.take('cloudpayments', operation, 'decline'))
      return this.#decline(transaction, decline())
    transaction.authorizedAt = new Date()
    if (confirmed) transaction.confirmedAt = transaction.authorizedAt
    transaction.reason = APPROVED
    this.#become(transaction, scheme)
    this.#notifications.pay(transaction)
    return transaction
  }

  order(request: NewOrder): Order {
    this.news.tell(`CloudPayments: a new order of ${decimal(request.Amount)} ${request.Currency}.`)
    return this.stored.order(request)
  }

  /** @returns what is wrong, if anything */
  confirm(id: number, amount: number): string | null {
    const transaction = this.stored.find(id)
    if (!transaction) return 'Transaction not found'
    if (transaction.status !== 'Authorized') return `Transaction is ${transaction.status}, not Authorized`
    if (amount > transaction.amount) return 'Amount is greater than the amount of the transaction'
    transaction.amount = amount
    transaction.confirmedAt = new Date()
    this.#become(transaction, 'Completed')
    return null
  }

  /** @returns what is wrong, if anything */
  cancel(id: number): string | null {
    const transaction = this.stored.find(id)
    if (!transaction) return 'Transaction not found'
    if (transaction.status !== 'Authorized') return `Transaction is ${transaction.status}, not Authorized`
    this.#become(transaction, 'Cancelled')
    return null
  }

  /** @returns the id of the refund, or what is wrong */
  refund(id: number, amount: number): number | string {
    const transaction = this.stored.find(id)
    if (!transaction) return 'Transaction not found'
    if (transaction.status !== 'Completed') return `Transaction is ${transaction.status}, not Completed`
    if (amount > transaction.amount - transaction.refunded) return 'Amount is greater than what is left'
    transaction.refunded += amount
    this.news.tell(`CloudPayments: ${decimal(amount)} ${transaction.purchase.Currency} refunded.`)
    return this.stored.nextId()
  }

  async act(id: string, action: Action, reason?: string): Promise<void> {
    const order = this.stored.findOrder(id)
    if (order && orderView(order).actions.includes(action)) await this.#actOn(order, action, reason)
    const transaction = this.stored.find(Number(id))
    if (transaction && action === 'refund')
      this.refund(transaction.id, transaction.amount - transaction.refunded)
  }

  async #actOn(order: Order, action: Action, reason?: string): Promise<void> {
    // Before the shop is asked: who presses twice pays once
    order.status = 'Paid'
    const transaction =
      action === 'decline'
        ? this.#decline(this.stored.begin(order.request, TEST_CARD), decline(reason))
        : await this.pay('pay', order.request, TEST_CARD, !order.request.RequireConfirmation)
    if (transaction.status !== 'Declined') return
    order.status = 'Created'
    order.declined = transaction.reason!.reason
  }

  #decline(transaction: Transaction, reason: Reason): Transaction {
    transaction.reason = reason
    this.#become(transaction, 'Declined')
    this.#notifications.fail(transaction)
    return transaction
  }

  #become(transaction: Transaction, status: Transaction['status']): void {
    transaction.status = status
    const amount = `${decimal(transaction.amount)} ${transaction.purchase.Currency}`
    this.news.tell(`CloudPayments: the payment of ${amount} is ${status}.`)
  }
}
