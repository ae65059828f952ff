/** Remembers what was set last, by key. The mocks keep everything in memory, and so never more than this. */
export class Recent<Value> {
  readonly #values = new Map<string, Value>()

  constructor(private readonly limit = 300) {}

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value)
    const [oldest] = this.#values.keys()
    if (this.#values.size > this.limit && oldest !== undefined) this.#values.delete(oldest)
  }

  /** All of them, the newest first. */
  latest(): Value[] {
    return [...this.#values.values()].reverse()
  }
}
