import {randomBytes} from 'node:crypto'
import {Recent} from '../recent.js'
import type {Card} from './card.js'
import type {Reason} from './reasons.js'
import type {NewOrder, Purchase} from './schemas.js'

const STATUS_CODES = {Pending: 0, Authorized: 2, Completed: 3, Cancelled: 4, Declined: 5} as const

export type Status = keyof typeof STATUS_CODES

/** Amounts are in kopecks. */
export interface Transaction {
  id: number
  purchase: Purchase
  amount: number
  card: Card
  status: Status
  reason: Reason | null
  createdAt: Date
  authorizedAt?: Date
  confirmedAt?: Date
  refunded: number
}

/** A link to a payer's page. */
export interface Order {
  id: string
  number: number
  request: NewOrder
  status: 'Created' | 'Paid'
  /** Why the last try was declined; the payer may try again. */
  declined?: string
  createdAt: Date
}

export function statusCode(status: Status): number {
  return STATUS_CODES[status]
}

/** All transactions and orders. */
export class Transactions {
  readonly #transactions = new Recent<Transaction>()
  readonly #orders = new Recent<Order>()
  #lastId = 891_510_000
  #lastNumber = 0

  list(): Transaction[] {
    return this.#transactions.latest()
  }

  find(id: number): Transaction | undefined {
    return this.#transactions.get(String(id))
  }

  /** The newest of this invoice. */
  findByInvoice(invoice: string): Transaction | undefined {
    return this.list().find(({purchase}) => purchase.InvoiceId === invoice)
  }

  begin(purchase: Purchase, card: Card): Transaction {
    const id = this.nextId()
    const transaction: Transaction = {
      id,
      purchase,
      amount: purchase.Amount,
      card,
      status: 'Pending',
      reason: null,
      createdAt: new Date(),
      refunded: 0,
    }
    this.#transactions.set(String(id), transaction)
    return transaction
  }

  /** Refunds have ids of the same row. */
  nextId(): number {
    return ++this.#lastId
  }

  orders(): Order[] {
    return this.#orders.latest()
  }

  findOrder(id: string): Order | undefined {
    return this.#orders.get(id)
  }

  order(request: NewOrder): Order {
    const id = randomBytes(12).toString('base64url')
    const order: Order = {id, number: ++this.#lastNumber, request, status: 'Created', createdAt: new Date()}
    this.#orders.set(id, order)
    return order
  }
}
