import {createHash} from 'node:crypto'
import {Recent} from '../recent.js'
import {invalid} from './errors.js'

const KEY_LIMIT = 64

/** Idempotence keys: the same request under the same key happens once, another one under it is refused. */
export class Idempotence<Thing> {
  readonly #done = new Recent<{request: string; thing: Thing}>(500)

  /** Runs it, or gives what it gave when it ran. A request that was refused leaves its key free. */
  once(key: string | undefined, request: string, run: () => Thing): Thing {
    if (!key) throw invalid('Idempotence-Key', 'Idempotence key is empty')
    if (key.length > KEY_LIMIT) throw invalid('Idempotence-Key', 'Idempotence key is too long')
    const hash = createHash('sha256').update(request).digest('base64')
    const known = this.#done.get(key)
    if (known && known.request !== hash) throw invalid('Idempotence-Key', 'Idempotence key duplicated')
    if (known) return known.thing
    const thing = run()
    this.#done.set(key, {request: hash, thing})
    return thing
  }
}
