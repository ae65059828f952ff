import {closest} from 'fastest-levenshtein'
import {AquastreamError} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'

/**
 * Makes sure that names typed by somebody are services.
 * @throws no-such-service
 */
export function requireServices(names: readonly string[]): void {
  const known = SERVICES.map(({name}) => name)
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  throw new AquastreamError('no-such-service', `there is no service ${JSON.stringify(unknown)}`, {
    hint: `did you mean ${closest(unknown, known)}? There are ${known.join(', ')}`,
  })
}
