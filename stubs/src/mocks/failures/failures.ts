import type {ChangeEvents} from '../change-events.js'
import {formatTimes} from '../format-times.js'
import type {Failure, MockProvider, Script} from './scripts.js'

/** The pending scripted failures. */
export class Failures {
  readonly #scripts = new Map<string, Script>()

  constructor(private readonly events: ChangeEvents) {}

  /** Adds a script. A pending script of the same provider, operation and failure is extended. */
  add(script: Script): void {
    const key = keyOf(script.provider, script.operation, script.failure)
    const times = (this.#scripts.get(key)?.times ?? 0) + script.times
    this.#scripts.set(key, {...script, times})
    this.events.emit(
      `Failure scripted: ${script.provider} ${script.operation} ${script.failure}, ${formatTimes(times)}.`,
    )
  }

  list(): Script[] {
    return [...this.#scripts.values()]
  }

  clear(): void {
    this.#scripts.clear()
    this.events.emit('All scripted failures were removed.')
  }

  /** Returns the first of these kinds that is pending, and counts it as used. */
  consume<Kind extends Failure>(
    provider: MockProvider,
    operation: string,
    ...kinds: Kind[]
  ): Kind | undefined {
    return kinds.find(kind => {
      const key = keyOf(provider, operation, kind)
      const script = this.#scripts.get(key)
      if (!script) return false
      if (script.times > 1) this.#scripts.set(key, {...script, times: script.times - 1})
      else this.#scripts.delete(key)
      this.events.emit(`Scripted failure occurred: ${provider} ${operation} ${kind}.`)
      return true
    })
  }
}

function keyOf(...parts: string[]): string {
  return parts.join('/')
}
