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
  /** Why it is not known whether the stack runs on Docker. */
  unasked: string | null
  /** True when every service is. */
  healthy: boolean
  services: ServiceRow[]
}

/** How every service is now. A stack that is not there is a report too. */
export async function readStatus(request: StackRequest, signal: AbortSignal): Promise<StatusReport> {
  const stack = await openStack(request)
  return toReport(stack, await stack.engine.states(signal))
}

/** The report now, and again after each change, until the signal. */
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

/** What is wrong, as one problem that names the services; nothing when all are healthy. */
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
    hint: `see why: aquastream logs ${first.service} --profile ${profile}`,
  }
}
