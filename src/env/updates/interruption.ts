import type {Engine} from '../../engines/engine.js'
import {SERVICES} from '../../stack/catalogue.js'
import {hasProcess, type ServiceState} from '../../stack/state.js'

/** An update interrupts services; `seconds` is what the last start of each took, null if that is not known. */
export interface InterruptionEvent {
  type: 'interruption'
  services: {service: string; seconds: number | null}[]
  /** Whether the swarm engine would update one of them without an interruption. */
  avoidable: boolean
}

/**
 * Finds the services that a change interrupts: those that run now, on an engine that stops a container before the new one
 * is healthy.
 */
export async function findInterruption(
  {startTimes}: Engine,
  names: string[],
  states: ServiceState[],
): Promise<InterruptionEvent | undefined> {
  const running = names.filter(name => states.some(state => state.service === name && hasProcess(state)))
  if (!startTimes || running.length === 0) return undefined
  const seconds = await startTimes.read()
  return {
    type: 'interruption',
    services: running.map(service => ({service, seconds: seconds.get(service) ?? null})),
    avoidable: SERVICES.some(({name, kind}) => kind === 'backend' && running.includes(name)),
  }
}

/** Returns services with all that depend on them, in the order of the catalogue: Compose recreates those as well. */
export function withDependents(names: string[]): string[] {
  const found = new Set(names)
  for (const {name, needs} of SERVICES) if (needs.some(need => found.has(need))) found.add(name)
  return SERVICES.map(({name}) => name).filter(name => found.has(name))
}
