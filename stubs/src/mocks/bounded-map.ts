/** A map that drops its oldest entry when it exceeds the limit, so that the state in memory cannot grow forever. */
export class BoundedMap<Value> {
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

  /** Returns all values, the newest first. */
  newestFirst(): Value[] {
    return [...this.#values.values()].reverse()
  }
}
