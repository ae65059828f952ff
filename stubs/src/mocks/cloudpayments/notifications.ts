import {createHmac} from 'node:crypto'
import {jsonOf} from '../body.js'
import type {MockSettings} from '../settings.js'
import type {Answer} from '../webhooks/post.js'
import type {Webhook, Webhooks} from '../webhooks/webhooks.js'
import {notificationFields} from './models.js'
import type {Transaction} from './transactions.js'

/** Tells the shop of its payments, and asks it whether it wants them. */
export class Notifications {
  constructor(
    private readonly settings: MockSettings,
    private readonly webhooks: Webhooks,
  ) {}

  /** Whether the shop takes the payment; one that cannot be asked does not. */
  async check(transaction: Transaction, scheme: 'Completed' | 'Authorized'): Promise<boolean> {
    return hasCodeZero(await this.webhooks.ask(this.#webhook('check', transaction, {Status: scheme})))
  }

  /** The money is there, or blocked. */
  pay(transaction: Transaction): void {
    const {id, status} = transaction
    const fields = {Status: status, GatewayName: 'Test', Token: `tk_${id}`, TotalFee: '0.00'}
    void this.webhooks.deliver(this.#webhook('pay', transaction, fields))
  }

  fail(transaction: Transaction): void {
    const {reason, code} = transaction.reason!
    void this.webhooks.deliver(this.#webhook('fail', transaction, {Reason: reason, ReasonCode: String(code)}))
  }

  #webhook(event: string, transaction: Transaction, fields: Record<string, string>): Webhook {
    const form = new URLSearchParams({...notificationFields(transaction), ...fields})
    const body = form.toString()
    return {
      provider: 'cloudpayments',
      event,
      url: `${this.settings.webhookUrl}/cloudpayments?notification=${event}`,
      contentType: 'application/x-www-form-urlencoded',
      headers: {
        'Content-HMAC': this.#sign(body),
        // The same of the text before it is encoded
        'X-Content-HMAC': this.#sign([...form].map(field => field.join('=')).join('&')),
      },
      body,
      accepts: hasCodeZero,
    }
  }

  #sign(text: string): string {
    return createHmac('sha256', this.settings.cloudpayments.apiSecret).update(text).digest('base64')
  }
}

function hasCodeZero({status, text}: Answer): boolean {
  const answer = jsonOf(text)
  return (
    status === 200 && typeof answer === 'object' && answer !== null && 'code' in answer && answer.code === 0
  )
}
