import type {Profile} from '../config/profile.js'
import type {Engine} from '../engines/engine.js'
import {notRunning} from '../engines/not-running.js'
import {openEngine} from '../engines/open.js'
import type {StackContext} from '../engines/stack-context.js'
import type {Problem} from '../errors.js'
import {JOBS, SERVICES, servicesOf} from '../stack/catalogue.js'
import {isHealthyOrSkipped, isStopped, type ServiceState} from '../stack/state.js'
import {type ServiceRow, toJobRows, toRows} from './service-rows.js'

export interface StatusReport {
  project: string
  profile: Profile
  engine: Engine['name']
  /** Why Docker could not be queried whether it runs the stack; null if it could. */
  dockerProblem: string | null
  /** True if every service is healthy. */
  healthy: boolean
  /** Every service, and the jobs that failed. */
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
  const services = [
    ...toRows(servicesOf(profile, engine.name), states, await engine.memory(states)),
    ...toJobRows(states),
  ]
  return {
    project,
    profile,
    engine: engine.name,
    dockerProblem: engine.dockerProblem ?? null,
    healthy: services.every(isHealthyOrSkipped),
    services,
  }
}

/**
 * Returns one problem that names the services that are not healthy, with a hint about the one that keeps the others from
 * running; undefined if all are healthy.
 */
export function findUnhealthy({services, profile, dockerProblem}: StatusReport): Problem | undefined {
  const unhealthy = services.filter(row => !isHealthyOrSkipped(row))
  if (unhealthy.length === 0) return undefined
  if (services.every(({state}) => state === 'missing')) {
    return notRunning(`the ${profile} stack`, profile, dockerProblem)
  }
  const [root] = unhealthy.toSorted((a, b) => rank(a, unhealthy) - rank(b, unhealthy))
  const names = unhealthy.filter(row => !isJob(row.service)).map(({service}) => service)
  const sentences = [
    ...(isJob(root!.service) ? [`the job ${root!.service} failed`] : []),
    ...(names.length > 0 ? [`${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not healthy`] : []),
  ]
  return {code: 'not-healthy', message: sentences.join('; '), hint: hintFor(root!, profile)}
}

function isJob(service: string): boolean {
  return JOBS.some(({name}) => name === service)
}

const NEVER_RAN = ['missing', 'created', 'pending']

/**
 * Orders the services that are not healthy by how much they explain: a job that failed, then services that ran, then
 * those that wait; among these, services before the ones that need them.
 */
function rank({service, state}: ServiceRow, unwell: ServiceRow[]): number {
  if (isJob(service)) return 0
  const needs = SERVICES.find(({name}) => name === service)?.needs ?? []
  const isBlocked = unwell.some(other => needs.includes(other.service))
  return 1 + 2 * Number(NEVER_RAN.includes(state)) + Number(isBlocked)
}

function hintFor(row: ServiceRow, profile: Profile): string {
  const {service, state, health} = row
  const command = (words: string): string => `aquastream ${words} --profile ${profile}`
  if (NEVER_RAN.includes(state)) return `start it: ${command('env:up')}`
  const log = `find the cause in the log: ${command(`logs ${service}`)}`
  const canRestart = !isJob(service) && (isStopped(row) || (state === 'running' && health === 'unhealthy'))
  return canRestart ? `${log}; start it again: ${command(`env:restart ${service}`)}` : log
}
