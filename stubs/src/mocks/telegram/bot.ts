import type {Failures} from '../failures/failures.js'
import type {News} from '../news.js'
import type {MockSettings} from '../settings.js'
import type {Webhooks} from '../webhooks/webhooks.js'
import {jsonOf} from '../body.js'
import {Chats, type User} from './chats.js'
import {callMethod} from './methods.js'
import {Updates} from './updates.js'
import {UpdateWebhook} from './webhook.js'

/** The one bot whose token is known, and everything that it has seen and said. */
export class Bot {
  readonly user: User
  readonly chats = new Chats()
  readonly updates = new Updates()
  readonly webhook: UpdateWebhook

  constructor(
    {username, token}: MockSettings['telegram'],
    webhooks: Webhooks,
    readonly failures: Failures,
    readonly news: News,
  ) {
    const id = Number(/^(\d{1,15}):/.exec(token)?.[1] ?? 1)
    this.user = {id, is_bot: true, first_name: username, username}
    this.webhook = new UpdateWebhook(webhooks, this.updates, text => this.#callFromReply(text))
  }

  /** Somebody writes to the bot. */
  receive(chatId: number, text: string): void {
    this.updates.add(this.chats.write(chatId, text, null))
    this.news.tell(`User ${chatId} wrote to the bot.`)
    this.webhook.wake()
  }

  // A bot may answer an update with a call; it never learns the result.
  #callFromReply(text: string): void {
    const call = jsonOf(text)
    if (typeof call !== 'object' || call === null || !('method' in call) || typeof call.method !== 'string')
      return
    const args = Object.entries(call).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ])
    void callMethod(this, call.method, Object.fromEntries(args) as Record<string, string>).catch(
      () => undefined,
    )
  }
}
