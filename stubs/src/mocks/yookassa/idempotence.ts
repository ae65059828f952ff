import {createHash} from 'node:crypto'
import {BoundedMap} from '../bounded-map.js'
import {invalid} from './errors.js'

/** The maximum length of a key in characters. */
const KEY_LIMIT = 64

/**
 * Idempotence keys: a repeated request with the same key is not performed again, and another request with that key is
 * rejected. See https://yookassa.ru/developers/using-api/interaction-format.
 */
export class Idempotence<Result> {
  readonly #performed = new BoundedMap<{hash: string; result: Result}>(500)

  /**
   * Performs a request once per key. A request that throws does not use up its key.
   *
   * @throws YooKassaError 400 if the key is missing, too long, or was used for another request
   */
  once(key: string | undefined, request: string, run: () => Result): Result {
    if (!key) throw invalid('Idempotence-Key', 'Idempotence key is empty')
    if (key.length > KEY_LIMIT) throw invalid('Idempotence-Key', 'Idempotence key is too long')
    const hash = createHash('sha256').update(request).digest('base64')
    const known = this.#performed.get(key)
    if (known && known.hash !== hash) throw invalid('Idempotence-Key', 'Idempotence key duplicated')
    if (known) return known.result
    const result = run()
    this.#performed.set(key, {hash, result})
    return result
  }
}
