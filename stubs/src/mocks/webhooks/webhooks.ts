import {setTimeout as sleep} from 'node:timers/promises'
import type {FastifyBaseLogger} from 'fastify'
import {BoundedMap} from '../bounded-map.js'
import type {ChangeEvents} from '../change-events.js'
import type {Failures} from '../failures/failures.js'
import type {MockProvider} from '../failures/scripts.js'
import {post, type WebhookRequest, type WebhookResponse} from './post.js'

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

/** A webhook to be sent. */
export interface Webhook extends WebhookRequest {
  provider: MockProvider
  /** The name of the event on the page and in the log. */
  event: string
  /** Returns whether the response means that the receiver has accepted the webhook. */
  accepts(response: WebhookResponse): boolean
}

/** The state of a webhook as the page shows it. */
export interface Delivery {
  provider: MockProvider
  event: string
  url: string
  state: 'sending' | 'accepted' | 'rejected' | 'retrying' | 'abandoned'
  attempts: {at: Date; response: WebhookResponse}[]
}

/** Sends the webhooks of all providers, and records the responses. */
export class Webhooks {
  readonly #deliveries = new BoundedMap<Delivery>(200)
  #count = 0

  constructor(
    private readonly log: FastifyBaseLogger,
    private readonly events: ChangeEvents,
    private readonly failures: Failures,
  ) {}

  /** Returns the recorded deliveries, the newest first. */
  deliveries(): Delivery[] {
    return this.#deliveries.newestFirst()
  }

  /** Sends a webhook once and returns the response. */
  async sendOnce(webhook: Webhook): Promise<WebhookResponse> {
    const {delivery} = this.#begin(webhook)
    const response = await this.#attempt(webhook, delivery)
    this.#setState(delivery, webhook.accepts(response) ? 'accepted' : 'rejected')
    return response
  }

  /**
   * Sends a webhook until it is accepted, with pauses of 1, 2, 4, … up to 60 seconds. Returns the response that
   * accepted it, or undefined if the signal aborts or newer webhooks have displaced the record of the delivery.
   */
  async deliver(webhook: Webhook, signal?: AbortSignal): Promise<WebhookResponse | undefined> {
    const {key, delivery} = this.#begin(webhook)
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const response = await this.#attempt(webhook, delivery)
      if (webhook.accepts(response)) {
        if (this.failures.consume(webhook.provider, 'webhook', 'duplicate'))
          await this.#attempt(webhook, delivery)
        this.#setState(delivery, 'accepted')
        return response
      }
      this.#setState(delivery, 'retrying')
      const stopped = await sleep(pause, false, {ref: false, ...(signal && {signal})}).catch(() => true)
      if (stopped || !this.#deliveries.has(key)) {
        this.#setState(delivery, 'abandoned')
        return undefined
      }
    }
  }

  #begin({provider, event, url}: Webhook): {key: string; delivery: Delivery} {
    const key = String(++this.#count)
    const delivery: Delivery = {provider, event, url, state: 'sending', attempts: []}
    this.#deliveries.set(key, delivery)
    return {key, delivery}
  }

  async #attempt(webhook: Webhook, delivery: Delivery): Promise<WebhookResponse> {
    const response = await post(webhook)
    // At most 40 attempts are kept: the first 20 and the last 20
    delivery.attempts.splice(20, delivery.attempts.length >= 40 ? 1 : 0)
    delivery.attempts.push({at: new Date(), response})
    return response
  }

  // The URL is not logged, because it may contain a token
  #setState(delivery: Delivery, state: Delivery['state']): void {
    const {provider, event, attempts} = delivery
    delivery.state = state
    const {status, text} = attempts.at(-1)!.response
    const line = {provider, event, state, status, attempts: attempts.length}
    this.log[state === 'accepted' ? 'info' : 'warn'](
      line,
      `webhook ${provider} ${event} ${state}: ${status || text}`,
    )
    this.events.emit(`Webhook ${provider} ${event} ${state}: ${status || text}.`)
  }
}
