import type {Profile} from '../config/profile.js'
import type {Context, Deadline, Engine} from '../engines/engine.js'
import {notRunning} from '../engines/not-running.js'
import {openEngine} from '../engines/open.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError, orInterruption} from '../errors.js'
import {servicesOf} from '../stack/catalogue.js'
import {requireServices} from '../stack/names.js'
import type {ServiceState} from '../stack/state.js'
import {type ServiceRow, toRows} from './service-rows.js'
import {startAndWait, type WaitEvent} from './wait.js'

export interface RestartRequest {
  stack: StackContext
  /** Empty: all services of the running stack. */
  services: string[]
  /** How long to wait for the services to become healthy, in seconds. */
  timeout: number
}

export type RestartEvent = {type: 'services'; services: string[]} | WaitEvent

export interface RestartReport {
  profile: Profile
  project: string
  engine: Engine['name']
  /** The services that were restarted. */
  services: ServiceRow[]
}

/**
 * Restarts services with the settings that they were started with, and waits until each is healthy. A stopped service is
 * started.
 * @throws no-such-service, not-healthy: a service was never started; service-failed, timeout; interrupted, terminated
 */
export async function restartServices(
  request: RestartRequest,
  ctx: Context<RestartEvent>,
): Promise<RestartReport> {
  const {profile, project} = request.stack
  const engine = await openEngine(request.stack)
  requireServices(request.services, profile, {engine: engine.name})
  const before = await engine.states(ctx.signal)
  const services = choose(request, before, engine)
  ctx.on({type: 'services', services})
  const start = {
    engine,
    profile,
    services,
    jobs: [],
    run: (signal: AbortSignal, deadline: Deadline) => engine.restartServices(services, signal, deadline),
    findProblems: async () => [],
  }
  try {
    const states = await startAndWait(start, {...ctx, before, timeout: request.timeout, wait: true})
    const rows = toRows(
      servicesOf(profile, engine.name).filter(({name}) => services.includes(name)),
      states,
    )
    return {profile, project, engine: engine.name, services: rows}
  } catch (error) {
    throw orInterruption(error, {
      signal: ctx.signal,
      message: `${services.join(', ')} ${services.length === 1 ? 'was' : 'were'} restarting; some may be stopped`,
      hint: 'run the command again to start them',
    })
  }
}

/** Returns the names of the services to restart, in the order of the catalogue. */
function choose(
  {stack: {profile}, services}: RestartRequest,
  states: ServiceState[],
  engine: Engine,
): string[] {
  const present = servicesOf(profile, engine.name)
    .map(({name}) => name)
    .filter(name => states.some(({service, state}) => service === name && state !== 'skipped'))
  const missing = services.find(name => !present.includes(name))
  if (present.length === 0 || missing !== undefined) {
    const what = present.length === 0 || missing === undefined ? `the ${profile} stack` : missing
    const {code, message, hint} = notRunning(what, profile, engine.dockerProblem)
    throw new AquastreamError(code, message, {hint})
  }
  return services.length === 0 ? present : present.filter(name => services.includes(name))
}
