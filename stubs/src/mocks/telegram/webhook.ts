import {parseUrl} from '../../variables.js'
import type {Answer} from '../webhooks/post.js'
import type {Webhooks} from '../webhooks/webhooks.js'
import {badRequest} from './errors.js'
import type {Update, Updates} from './updates.js'

/** Where updates go, as setWebhook was told. */
export interface Target {
  url: string
  secretToken: string
  maxConnections: number
}

/** Brings updates to the bot one after the other, each until the bot has taken it. */
export class UpdateWebhook {
  #target: Target | null = null
  #stop = new AbortController()
  #running = false
  #lastError: {date: number; message: string} | null = null

  constructor(
    private readonly webhooks: Webhooks,
    private readonly updates: Updates,
    /** What to do with a call that the bot makes by answering. */
    private readonly onReply: (text: string) => void,
  ) {}

  get target(): Target | null {
    return this.#target
  }

  get lastError(): {date: number; message: string} | null {
    return this.#lastError
  }

  /** @throws TelegramError when the URL or the token is none. The real one also refuses http, which is right for dev. */
  set(target: Target): void {
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

  /** Begins to send what is there, unless it is at it. */
  wake(): void {
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let update; this.#target && (update = this.updates.first());) {
      const answer = await this.#send(this.#target, update)
      if (!answer) continue
      this.updates.confirm(update.update_id + 1)
      this.onReply(answer.text)
    }
    this.#running = false
  }

  #send({url, secretToken}: Target, update: Update): Promise<Answer | undefined> {
    return this.webhooks.deliver(
      {
        provider: 'telegram',
        event: 'update',
        url,
        contentType: 'application/json',
        headers: secretToken ? {'X-Telegram-Bot-Api-Secret-Token': secretToken} : {},
        body: JSON.stringify(update),
        accepts: answer => this.#note(answer),
      },
      this.#stop.signal,
    )
  }

  #note({status, text}: Answer): boolean {
    const accepted = status >= 200 && status < 300
    const message = status ? `Wrong response from the webhook: ${status}` : text
    this.#lastError = accepted ? this.#lastError : {date: Math.floor(Date.now() / 1000), message}
    return accepted
  }
}
