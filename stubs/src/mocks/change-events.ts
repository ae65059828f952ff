import {EventEmitter} from 'node:events'

/** Events about changes, each described in one sentence. Open pages subscribe to them. */
export class ChangeEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  emit(sentence: string): void {
    this.#emitter.emit('change', sentence)
  }

  /** Calls the listener at every change. Returns a function that ends the subscription. */
  subscribe(listener: (sentence: string) => void): () => void {
    this.#emitter.on('change', listener)
    return () => this.#emitter.off('change', listener)
  }
}
