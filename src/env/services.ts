import {closest} from 'fastest-levenshtein'
import {AquastreamError} from '../errors.js'
import {JOBS, SERVICES} from '../stack/catalogue.js'

/**
 * Makes sure that names typed by somebody are services, or jobs where those are meant too.
 * @throws no-such-service
 */
export function requireServices(names: readonly string[], {jobs = false} = {}): void {
  const services = SERVICES.map(({name}) => name)
  const known = [...services, ...(jobs ? JOBS.map(({name}) => name) : [])]
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  throw new AquastreamError('no-such-service', `there is no service ${JSON.stringify(unknown)}`, {
    hint: `did you mean ${closest(unknown, services)}? There are ${services.join(', ')}`,
  })
}
