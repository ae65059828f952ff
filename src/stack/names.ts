import {AquastreamError} from '../errors.js'
import {chooseAmong} from '../system/text/suggest.js'
import {JOBS, servicesOf} from './catalogue.js'

/**
 * Makes sure that names typed by somebody are services of the profile, or jobs where those are meant too.
 * @throws no-such-service
 */
export function requireServices(names: readonly string[], profile: string, {jobs = false} = {}): void {
  const services = servicesOf(profile).map(({name}) => name)
  const known = [...services, ...(jobs ? JOBS.map(({name}) => name) : [])]
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  throw new AquastreamError(
    'no-such-service',
    `there is no service ${JSON.stringify(unknown)} in ${profile}`,
    {hint: chooseAmong(unknown, services)},
  )
}
