import {parseJson} from '../body.js'
import type {ChangeEvents} from '../change-events.js'
import type {MockContext} from '../context.js'
import type {Failures} from '../failures/failures.js'
import {textValues} from './arguments.js'
import {Chats, type User} from './chats.js'
import {callMethod} from './methods.js'
import {Updates} from './updates.js'
import {UpdateWebhook} from './webhook.js'

/** The bot of the platform: its chats, its pending updates and its webhook. */
export class Bot {
  readonly user: User
  readonly chats = new Chats()
  readonly updates = new Updates()
  readonly webhook: UpdateWebhook
  readonly failures: Failures
  readonly events: ChangeEvents

  constructor({settings, webhooks, failures, events}: MockContext) {
    const {username, token} = settings.telegram
    const id = Number(/^(\d{1,15}):/.exec(token)?.[1] ?? 1)
    this.user = {id, is_bot: true, first_name: username, username}
    this.failures = failures
    this.events = events
    this.webhook = new UpdateWebhook(webhooks, this.updates, text => this.#callFromResponse(text))
  }

  /** Adds a message from a user to the bot. */
  receive(chatId: number, text: string): void {
    this.updates.add(this.chats.write(chatId, text))
    this.events.emit(`User ${chatId} wrote to the bot.`)
    this.webhook.wake()
  }

  // A bot may call a method in the response to an update; it does not receive the result.
  #callFromResponse(text: string): void {
    const call = parseJson(text)
    if (typeof call !== 'object' || call === null || !('method' in call) || typeof call.method !== 'string')
      return
    void callMethod(this, call.method, textValues(call)).catch(() => undefined)
  }
}
