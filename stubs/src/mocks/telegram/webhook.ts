import {parseUrl} from '../../variables.js'
import type {WebhookResponse} from '../webhooks/post.js'
import type {Webhooks} from '../webhooks/webhooks.js'
import {badRequest} from './errors.js'
import type {Update, Updates} from './updates.js'

/** The arguments of setWebhook. */
export interface WebhookTarget {
  url: string
  /** Empty if there is none. */
  secretToken: string
  maxConnections: number
}

/** Sends updates to the webhook of the bot one by one. Each is sent until the bot accepts it. */
export class UpdateWebhook {
  #target: WebhookTarget | null = null
  #stop = new AbortController()
  #running = false
  #lastError: {date: number; message: string} | null = null

  constructor(
    private readonly webhooks: Webhooks,
    private readonly updates: Updates,
    /** Called with each accepted response, which may contain a method call. */
    private readonly onResponse: (text: string) => void,
  ) {}

  get target(): WebhookTarget | null {
    return this.#target
  }

  get lastError(): {date: number; message: string} | null {
    return this.#lastError
  }

  /**
   * Sets the webhook. Unlike the real API, http URLs are accepted, for dev.
   *
   * @throws TelegramError 400 if the URL or the secret token is invalid
   */
  set(target: WebhookTarget): void {
    if (!/^https?:$/.test(parseUrl(target.url)?.protocol ?? ''))
      throw badRequest('invalid webhook URL specified')
    if (target.secretToken.length > 256) throw badRequest('secret token is too long')
    if (!/^[\w-]*$/.test(target.secretToken)) throw badRequest('secret token contains unallowed characters')
    this.remove()
    this.#target = target
    this.wake()
  }

  remove(): void {
    this.#target = null
    this.#lastError = null
    this.#stop.abort()
    this.#stop = new AbortController()
  }

  /** Starts to send the pending updates, unless that is already in progress. */
  wake(): void {
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let update; this.#target && (update = this.updates.first());) {
      const response = await this.#send(this.#target, update)
      if (!response) continue
      this.updates.confirm(update.update_id + 1)
      this.onResponse(response.text)
    }
    this.#running = false
  }

  #send({url, secretToken}: WebhookTarget, update: Update): Promise<WebhookResponse | undefined> {
    return this.webhooks.deliver(
      {
        provider: 'telegram',
        event: 'update',
        url,
        contentType: 'application/json',
        headers: secretToken ? {'X-Telegram-Bot-Api-Secret-Token': secretToken} : {},
        body: JSON.stringify(update),
        accepts: response => this.#record(response),
      },
      this.#stop.signal,
    )
  }

  #record({status, text}: WebhookResponse): boolean {
    const accepted = status >= 200 && status < 300
    const message = status ? `Wrong response from the webhook: ${status}` : text
    this.#lastError = accepted ? this.#lastError : {date: Math.floor(Date.now() / 1000), message}
    return accepted
  }
}
