import type {Profile} from '../config/profile.js'
import type {Engine} from '../engines/engine.js'
import {notRunning} from '../engines/not-running.js'
import {openStack, type Stack, type StackRequest} from '../engines/open.js'
import type {Problem} from '../errors.js'
import {servicesOf} from '../stack/catalogue.js'
import {isWell, type ServiceState} from '../stack/state.js'
import {type ServiceRow, toRows} from './service-rows.js'

export interface StatusReport {
  project: string
  profile: Profile
  engine: Engine['name']
  /** Why Docker could not be asked whether it runs the stack; null if it could. */
  unasked: string | null
  /** True if every service is healthy. */
  healthy: boolean
  services: ServiceRow[]
}

/**
 * Reports the current state of every service. A stack that does not run is reported, too.
 * @throws settings-unreadable, settings-invalid, engine-denied; the errors of the engine
 */
export async function readStatus(request: StackRequest, signal: AbortSignal): Promise<StatusReport> {
  const stack = await openStack(request)
  return toReport(stack, await stack.engine.states(signal))
}

/** Yields the report now and again after each change, until the signal aborts. */
export async function* watchStatus(request: StackRequest, signal: AbortSignal): AsyncGenerator<StatusReport> {
  const stack = await openStack(request)
  for await (const states of stack.engine.watch({pace: 500}, signal)) yield toReport(stack, states)
}

async function toReport({project, profile, engine}: Stack, states: ServiceState[]): Promise<StatusReport> {
  const services = toRows(servicesOf(profile), states, await engine.memory(states))
  return {
    project,
    profile,
    engine: engine.name,
    unasked: engine.unasked ?? null,
    healthy: services.every(isWell),
    services,
  }
}

/** Returns one problem that names the services that are not healthy; undefined if all are. */
export function findUnwell({services, profile, unasked}: StatusReport): Problem | undefined {
  const unwell = services.filter(row => !isWell(row))
  const [first] = unwell
  if (!first) return undefined
  if (services.every(({state}) => state === 'missing')) {
    return notRunning(`the ${profile} stack`, profile, unasked)
  }
  return {
    code: 'not-healthy',
    message: `${unwell.map(({service}) => service).join(', ')} ${unwell.length === 1 ? 'is' : 'are'} not healthy`,
    hint: `find the cause in the log: aquastream logs ${first.service} --profile ${profile}`,
  }
}
