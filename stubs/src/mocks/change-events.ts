import {EventEmitter} from 'node:events'

/** Says in a sentence what has changed, to whoever watches the page. */
export class News {
  readonly #events = new EventEmitter().setMaxListeners(0)

  tell(sentence: string): void {
    this.#events.emit('news', sentence)
  }

  /** Calls back at every change; returns how to stop. */
  watch(listener: (sentence: string) => void): () => void {
    this.#events.on('news', listener)
    return () => this.#events.off('news', listener)
  }
}
