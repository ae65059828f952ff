import {AquastreamError} from '../errors.js'
import {chooseAmong} from '../system/text/suggest.js'
import {JOBS, SERVICES, servicesOf} from './catalogue.js'
import {quoteTyped} from '../system/text/typed.js'

/**
 * Checks that the names are services of the profile on the engine, or jobs if `jobs` is true.
 * @throws no-such-service
 */
export function requireServices(
  names: readonly string[],
  profile: string,
  {jobs = false, engine = 'compose'} = {},
): void {
  const services = servicesOf(profile, engine).map(({name}) => name)
  const known = [...services, ...(jobs ? JOBS.map(({name}) => name) : [])]
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  throw new AquastreamError(
    'no-such-service',
    `service ${quoteTyped(unknown)} does not exist in ${profile}`,
    {hint: chooseAmong(unknown, services)},
  )
}

/** Returns the variable that sets the memory limit of a service. */
export function memoryVariable(service: string): string {
  const kind = SERVICES.find(({name}) => name === service)?.kind
  return kind === 'infrastructure' || kind === 'edge' ? `${service.toUpperCase()}_MEMORY` : 'BACKEND_MEMORY'
}

/** Returns the variable that sets the number of containers of a backend on the swarm engine. */
export function replicasVariable(service: string): string {
  return `REPLICAS_${service.toUpperCase()}`
}
