import {conflict} from './errors.js'
import type {Message} from './chats.js'

export interface Update {
  update_id: number
  message: Message
}

const LIMIT = 1000

interface Poll {
  wake(): void
  end(error: Error): void
}

/** What the bot has not taken yet, and who waits for more. */
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

  /** Forgets the updates before this id; of a negative one, all but so many. */
  confirm(offset: number): void {
    if (offset < 0) this.#pending = this.#pending.slice(offset)
    if (offset > 0) this.#pending = this.#pending.filter(({update_id}) => update_id >= offset)
  }

  clear(): void {
    this.#pending = []
  }

  /** The next updates, after at most so many seconds; only one caller may wait. */
  async take(limit: number, seconds: number): Promise<Update[]> {
    this.interrupt('terminated by other getUpdates request; make sure that only one bot instance is running')
    if (this.#pending.length === 0 && seconds > 0) await this.#wait(seconds)
    return this.#pending.slice(0, limit)
  }

  /** Ends whoever waits, with a conflict. */
  interrupt(reason: string): void {
    this.#poll?.end(conflict(reason))
  }

  #wait(seconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => poll.wake(), seconds * 1000)
      const leave = (): void => {
        clearTimeout(timer)
        if (this.#poll === poll) this.#poll = null
      }
      const poll: Poll = {
        wake: () => {
          leave()
          resolve()
        },
        end: error => {
          leave()
          reject(error)
        },
      }
      this.#poll = poll
    })
  }
}
