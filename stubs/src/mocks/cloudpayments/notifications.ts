import {createHmac} from 'node:crypto'
import {parseJson} from '../body.js'
import type {MockSettings} from '../settings.js'
import type {WebhookResponse} from '../webhooks/post.js'
import type {Webhook, Webhooks} from '../webhooks/webhooks.js'
import {notificationFields} from './models.js'
import type {Transaction} from './transactions.js'

/** Sends the notifications `check`, `pay` and `fail` of https://developers.cloudpayments.ru/ to the shop. */
export class Notifications {
  constructor(
    private readonly settings: MockSettings,
    private readonly webhooks: Webhooks,
  ) {}

  /** Sends `check` and returns whether the shop accepts the payment. No response counts as a refusal. */
  async check(transaction: Transaction, scheme: 'Completed' | 'Authorized'): Promise<boolean> {
    return hasCodeZero(await this.webhooks.sendOnce(this.#webhook('check', transaction, {Status: scheme})))
  }

  /** Sends `pay` after a payment is completed or authorized. */
  pay(transaction: Transaction): void {
    const {id, status} = transaction
    const fields = {Status: status, GatewayName: 'Test', Token: `tk_${id}`, TotalFee: '0.00'}
    void this.webhooks.deliver(this.#webhook('pay', transaction, fields))
  }

  /** Sends `fail` after a payment is declined. */
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
        // The signature of the same text without URL encoding
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

function hasCodeZero({status, text}: WebhookResponse): boolean {
  const content = parseJson(text)
  return (
    status === 200 &&
    typeof content === 'object' &&
    content !== null &&
    'code' in content &&
    content.code === 0
  )
}
