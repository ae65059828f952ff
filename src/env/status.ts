import type {Profile} from '../config/profile.js'
import type {Engine} from '../engines/engine.js'
import {notRunning} from '../engines/not-running.js'
import {openEngine} from '../engines/open.js'
import type {StackContext} from '../engines/stack-context.js'
import type {Problem} from '../errors.js'
import {servicesOf} from '../stack/catalogue.js'
import {isWell, type ServiceState} from '../stack/state.js'
import {type ServiceRow, toRows} from './service-rows.js'

export interface StatusReport {
  project: string
  profile: Profile
  engine: Engine['name']
  /** Why Docker could not be queried whether it runs the stack; null if it could. */
  dockerProblem: string | null
  /** True if every service is healthy. */
  healthy: boolean
  services: ServiceRow[]
}

/**
 * Reports the current state of every service. A stack that does not run is reported, too.
 * @throws settings-invalid, engine-denied; the errors of the engine
 */
export async function readStatus(stack: StackContext, signal: AbortSignal): Promise<StatusReport> {
  const engine = await openEngine(stack)
  return toReport(stack, engine, await engine.states(signal))
}

/** Yields the report now and again after each change, until the signal aborts. */
export async function* watchStatus(stack: StackContext, signal: AbortSignal): AsyncGenerator<StatusReport> {
  const engine = await openEngine(stack)
  for await (const states of engine.watch({pace: 500}, signal)) yield toReport(stack, engine, states)
}

async function toReport(
  {project, profile}: StackContext,
  engine: Engine,
  states: ServiceState[],
): Promise<StatusReport> {
  const services = toRows(servicesOf(profile), states, await engine.memory(states))
  return {
    project,
    profile,
    engine: engine.name,
    dockerProblem: engine.dockerProblem ?? null,
    healthy: services.every(isWell),
    services,
  }
}

/** Returns one problem that names the services that are not healthy; undefined if all are. */
export function findUnwell({services, profile, dockerProblem}: StatusReport): Problem | undefined {
  const unwell = services.filter(row => !isWell(row))
  const [first] = unwell
  if (!first) return undefined
  if (services.every(({state}) => state === 'missing')) {
    return notRunning(`the ${profile} stack`, profile, dockerProblem)
  }
  return {
    code: 'not-healthy',
    message: `${unwell.map(({service}) => service).join(', ')} ${unwell.length === 1 ? 'is' : 'are'} not healthy`,
    hint: `find the cause in the log: aquastream logs ${first.service} --profile ${profile}`,
  }
}
