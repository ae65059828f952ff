import type {News} from '../news.js'
import {timesWord} from '../times.js'
import type {Failure, Provider, Script} from './scripts.js'

/** The failures that are still to come. */
export class Failures {
  readonly #scripts = new Map<string, Script>()

  constructor(private readonly news: News) {}

  /** Adds to what is scripted already for the same provider, operation and failure. */
  add(script: Script): void {
    const key = keyOf(script.provider, script.operation, script.failure)
    const times = (this.#scripts.get(key)?.times ?? 0) + script.times
    this.#scripts.set(key, {...script, times})
    this.news.tell(`Scripted: ${script.provider} ${script.operation} ${script.failure}, ${timesWord(times)}.`)
  }

  list(): Script[] {
    return [...this.#scripts.values()]
  }

  clear(): void {
    this.#scripts.clear()
    this.news.tell('No failures are scripted any more.')
  }

  /** The first of these failures that is due now, used up by asking. */
  take<Kind extends Failure>(provider: Provider, operation: string, ...kinds: Kind[]): Kind | undefined {
    return kinds.find(kind => {
      const key = keyOf(provider, operation, kind)
      const script = this.#scripts.get(key)
      if (!script) return false
      if (script.times > 1) this.#scripts.set(key, {...script, times: script.times - 1})
      else this.#scripts.delete(key)
      this.news.tell(`Failed as scripted: ${provider} ${operation} ${kind}.`)
      return true
    })
  }
}

function keyOf(...parts: string[]): string {
  return parts.join('/')
}
