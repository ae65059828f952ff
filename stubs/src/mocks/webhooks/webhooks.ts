import {setTimeout as sleep} from 'node:timers/promises'
import type {FastifyBaseLogger} from 'fastify'
import type {Failures} from '../failures/failures.js'
import type {Provider} from '../failures/scripts.js'
import type {News} from '../news.js'
import {Recent} from '../recent.js'
import {post, type Answer, type Message} from './post.js'

const LONGEST_PAUSE_MS = 60_000

/** A message, with the name that people know it by. */
export interface Webhook extends Message {
  provider: Provider
  event: string
  /** Whether the receiver has understood it. */
  accepts(answer: Answer): boolean
}

/** What became of one, for the page. */
export interface Delivery {
  provider: Provider
  event: string
  url: string
  state: 'sending' | 'accepted' | 'refused' | 'repeating' | 'given up'
  attempts: {at: Date; answer: Answer}[]
}

/** Sends the notifications of all providers and remembers their answers. */
export class Webhooks {
  readonly #deliveries = new Recent<Delivery>(200)
  #count = 0

  constructor(
    private readonly log: FastifyBaseLogger,
    private readonly news: News,
    private readonly failures: Failures,
  ) {}

  /** The newest first. */
  deliveries(): Delivery[] {
    return this.#deliveries.latest()
  }

  /** Sends it once: a question whose answer decides. */
  async ask(webhook: Webhook): Promise<Answer> {
    const {delivery} = this.#begin(webhook)
    const answer = await this.#attempt(webhook, delivery)
    this.#settle(delivery, webhook.accepts(answer) ? 'accepted' : 'refused')
    return answer
  }

  /**
   * Sends it until it is accepted, after 1 s, 2 s, 4 s and so on up to a minute; gives up when so many others have come
   * since that it is forgotten, or at the signal.
   *
   * @returns the answer that accepted it
   */
  async deliver(webhook: Webhook, signal?: AbortSignal): Promise<Answer | undefined> {
    const {key, delivery} = this.#begin(webhook)
    for (let pause = 1000; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.#attempt(webhook, delivery)
      if (webhook.accepts(answer)) {
        if (this.failures.take(webhook.provider, 'webhook', 'duplicate'))
          await this.#attempt(webhook, delivery)
        this.#settle(delivery, 'accepted')
        return answer
      }
      this.#settle(delivery, 'repeating')
      const stopped = await sleep(pause, false, {ref: false, ...(signal && {signal})}).catch(() => true)
      if (stopped || !this.#deliveries.has(key)) {
        this.#settle(delivery, 'given up')
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

  async #attempt(webhook: Webhook, delivery: Delivery): Promise<Answer> {
    const answer = await post(webhook)
    // Of a receiver that stays away for a day, the first and the last answers tell enough
    delivery.attempts.splice(20, delivery.attempts.length >= 40 ? 1 : 0)
    delivery.attempts.push({at: new Date(), answer})
    return answer
  }

  // The URL is not logged: it may hold a token
  #settle(delivery: Delivery, state: Delivery['state']): void {
    const {provider, event, attempts} = delivery
    delivery.state = state
    const {status, text} = attempts.at(-1)!.answer
    const line = {provider, event, state, status, attempts: attempts.length}
    this.log[state === 'accepted' ? 'info' : 'warn'](
      line,
      `webhook ${provider} ${event} ${state}: ${status || text}`,
    )
    this.news.tell(`Webhook ${provider} ${event}: ${state}, ${status || text}.`)
  }
}
