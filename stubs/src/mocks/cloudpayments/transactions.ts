import {randomBytes} from 'node:crypto'
import {BoundedMap} from '../bounded-map.js'
import type {Card} from './card.js'
import type {Reason} from './reasons.js'
import type {NewOrder, Purchase} from './schemas.js'

/** The status codes of https://developers.cloudpayments.ru/. */
const STATUS_CODES = {Pending: 0, Authorized: 2, Completed: 3, Cancelled: 4, Declined: 5} as const

/** The status of a transaction. */
export type TransactionStatus = keyof typeof STATUS_CODES

/** A payment by card. Amounts are in kopecks. */
export interface Transaction {
  id: number
  purchase: Purchase
  amount: number
  card: Card
  status: TransactionStatus
  reason: Reason | null
  createdAt: Date
  authorizedAt?: Date
  confirmedAt?: Date
  refunded: number
}

/** A payment by link. */
export interface Order {
  id: string
  number: number
  request: NewOrder
  status: 'Created' | 'Paid'
  /** The reason of the last decline. The payer may try again. */
  declined?: string
  createdAt: Date
}

/** Returns the numeric code of a status. */
export function statusCode(status: TransactionStatus): number {
  return STATUS_CODES[status]
}

/** All transactions and orders, in memory. */
export class Transactions {
  readonly #transactions = new BoundedMap<Transaction>()
  readonly #orders = new BoundedMap<Order>()
  #lastId = 891_510_000
  #lastNumber = 0

  /** Returns the transactions, the newest first. */
  list(): Transaction[] {
    return this.#transactions.newestFirst()
  }

  find(id: number): Transaction | undefined {
    return this.#transactions.get(String(id))
  }

  /** Returns the newest transaction of an invoice. */
  findByInvoice(invoice: string): Transaction | undefined {
    return this.list().find(({purchase}) => purchase.InvoiceId === invoice)
  }

  /** Adds a pending transaction. */
  create(purchase: Purchase, card: Card): Transaction {
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

  /** Returns a new id. Transactions and refunds share one sequence. */
  nextId(): number {
    return ++this.#lastId
  }

  /** Returns the orders, the newest first. */
  orders(): Order[] {
    return this.#orders.newestFirst()
  }

  findOrder(id: string): Order | undefined {
    return this.#orders.get(id)
  }

  createOrder(request: NewOrder): Order {
    const id = randomBytes(12).toString('base64url')
    const order: Order = {id, number: ++this.#lastNumber, request, status: 'Created', createdAt: new Date()}
    this.#orders.set(id, order)
    return order
  }
}
