import type {MockProvider} from './failures/scripts.js'

/** An action on the page. `pay` and `decline` are those of the payer and the payer's bank, `refund` is the shop's. */
export type Action = 'pay' | 'decline' | 'refund'

/** A payment as the page shows it. */
export interface PaymentView {
  provider: MockProvider
  id: string
  description: string
  /** The formatted amount, such as "100.00 RUB". */
  amount: string
  /** The status as the provider names it. */
  status: string
  /** The reason of a decline, or the refunded amount. Empty if there is neither. */
  detail: string
  createdAt: Date
  /** The actions that the current status allows. */
  actions: Action[]
  /** The page to which the payer returns. Null if the shop specified none. */
  returnUrl: string | null
}

/** The payments of one provider, for the page. */
export interface Checkout {
  provider: MockProvider
  /** The possible reasons of a decline. The first one is the default. */
  declineReasons: readonly string[]
  /** Returns the payments, the newest first. */
  payments(): PaymentView[]
  /** Performs an action. It has no effect if the current status does not allow it. */
  perform(id: string, action: Action, reason?: string): Promise<void>
}
