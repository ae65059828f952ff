import type {Profile} from '../config/profile.js'
import type {Context} from '../engines/engine.js'
import {openEngine} from '../engines/open.js'
import type {StackContext} from '../engines/stack-context.js'
import {orInterruption} from '../errors.js'
import {servicesOf} from '../stack/catalogue.js'
import {requireServices} from '../stack/names.js'
import {hasProcess} from '../stack/state.js'
import type {DownEvent} from './down.js'

export interface StopRequest {
  stack: StackContext
  services: string[]
}

export interface StopReport {
  profile: Profile
  project: string
  /** Services that were stopped. */
  stopped: string[]
  /** Services that were not running. */
  unchanged: string[]
  /** Running services that need a stopped one. */
  dependents: string[]
}

/**
 * Stops single services and keeps everything of them; the others keep running.
 * @throws no-such-service; interrupted, terminated; the errors of the engine
 */
export async function stopServices(
  {stack, services}: StopRequest,
  {on, signal}: Context<DownEvent>,
): Promise<StopReport> {
  const {profile, project} = stack
  const engine = await openEngine(stack)
  requireServices(services, profile, {engine: engine.name})
  const running = (await engine.states(signal)).filter(hasProcess).map(({service}) => service)
  const wanted = [...new Set(services)]
  const stopped = wanted.filter(name => running.includes(name))
  if (stopped.length > 0) {
    on({type: 'stop', state: 'started', services: stopped.length})
    await engine.stopServices(stopped, signal).catch((error: unknown) => {
      throw orInterruption(error, {
        signal,
        message: `${stopped.join(', ')} ${stopped.length === 1 ? 'was' : 'were'} stopping; some may still be running`,
        hint: 'run the command again to stop them',
      })
    })
    on({type: 'stop', state: 'done', services: stopped.length})
  }
  return {
    profile,
    project,
    stopped,
    unchanged: wanted.filter(name => !stopped.includes(name)),
    dependents: servicesOf(profile, engine.name)
      .filter(({name, needs}) => needs.some(need => stopped.includes(need)) && running.includes(name))
      .map(({name}) => name)
      .filter(name => !stopped.includes(name)),
  }
}
