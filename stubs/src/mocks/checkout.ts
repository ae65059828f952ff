import type {Provider} from './failures/scripts.js'

export type Action = 'pay' | 'decline' | 'refund'

/** A payment as the page shows it, of whatever provider. */
export interface PaymentView {
  provider: Provider
  id: string
  /** Of the payment, or of the order that it pays. */
  description: string
  /** "100.00 RUB" */
  amount: string
  /** In the provider's own word. */
  status: string
  /** Why it was declined, what was refunded. */
  detail: string
  at: Date
  /** What somebody at the page can do with it now. */
  actions: Action[]
  /** Where the payer goes afterwards, when the shop said. */
  returnUrl: string | null
}

/** What the page needs of a payment provider. */
export interface Checkout {
  provider: Provider
  /** Why a payer's payment can be declined, the usual reason first. */
  reasons: readonly string[]
  /** The newest first. */
  payments(): PaymentView[]
  /** Does what a payer, the payer's bank or the shop would do. Without effect when it cannot be done now. */
  act(id: string, action: Action, reason?: string): Promise<void>
}
