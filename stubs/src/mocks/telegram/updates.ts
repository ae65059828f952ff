import {conflict} from './errors.js'
import type {Message} from './chats.js'

/** An update, as in https://core.telegram.org/bots/api#update. */
export interface Update {
  update_id: number
  message: Message
}

/** The number of pending updates that are kept. */
const LIMIT = 1000

interface Poll {
  wake(): void
  fail(error: Error): void
}

/** The updates that the bot has not confirmed, and a getUpdates call that waits for more. */
export class Updates {
  #pending: Update[] = []
  #lastId = 100_000
  #poll: Poll | null = null

  get count(): number {
    return this.#pending.length
  }

  first(): Update | undefined {
    return this.#pending[0]
  }

  add(message: Message): void {
    this.#pending.push({update_id: ++this.#lastId, message})
    this.#pending.splice(0, this.#pending.length - LIMIT)
    this.#poll?.wake()
  }

  /** Removes the updates before this id. A negative offset keeps that many of the newest updates. */
  confirm(offset: number): void {
    if (offset < 0) this.#pending = this.#pending.slice(offset)
    if (offset > 0) this.#pending = this.#pending.filter(({update_id}) => update_id >= offset)
  }

  clear(): void {
    this.#pending = []
  }

  /**
   * Returns the next updates, and waits up to this number of seconds for the first one. Only one call can wait; an
   * earlier call fails.
   *
   * @throws TelegramError 409 if the call is interrupted
   */
  async poll(limit: number, seconds: number): Promise<Update[]> {
    this.interrupt('terminated by other getUpdates request; make sure that only one bot instance is running')
    if (this.#pending.length === 0 && seconds > 0) await this.#wait(seconds)
    return this.#pending.slice(0, limit)
  }

  /** Makes the waiting call fail with a conflict. */
  interrupt(reason: string): void {
    this.#poll?.fail(conflict(reason))
  }

  #wait(seconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => poll.wake(), seconds * 1000)
      const finish = (): void => {
        clearTimeout(timer)
        if (this.#poll === poll) this.#poll = null
      }
      const poll: Poll = {
        wake: () => {
          finish()
          resolve()
        },
        fail: error => {
          finish()
          reject(error)
        },
      }
      this.#poll = poll
    })
  }
}
