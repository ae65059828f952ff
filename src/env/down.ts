import {isAbsolute} from 'node:path'
import type {Profile} from '../config/profile.js'
import type {Context, Engine} from '../engines/engine.js'
import {enginesOf, openEngine} from '../engines/open.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError, orInterruption} from '../errors.js'
import {shellQuote} from '../system/text/shell-quote.js'

/** What a stop would remove. */
export interface DownPlan {
  project: string
  profile: Profile
  /** The engines to stop, starting with the one of the stack, and including one that runs nothing but may hold data of the project. */
  engines: Engine[]
  services: string[]
  /** The volumes that would be deleted with their data. */
  volumes: string[]
}

export interface DownEvent {
  type: 'stop'
  state: 'started' | 'done'
  services: number
}

export interface DownReport {
  project: string
  profile: Profile
  /** Services and jobs that were removed. */
  stopped: string[]
  /** Volumes that were deleted. */
  deleted: string[]
  /** Why Docker could not be queried whether it runs the stack; null if it could. */
  dockerProblem: string | null
}

/**
 * Finds what a stop would remove; changes nothing.
 * @param options whether to delete the databases and files of the project as well
 * @throws settings-invalid; the errors of the engine
 */
export async function planDown(stack: StackContext, options: {volumes: boolean}): Promise<DownPlan> {
  // When Docker Engine becomes available again, it restarts its containers next to the embedded stack.
  const engines = await enginesOf(stack, await openEngine(stack))
  const states = (await Promise.all(engines.map(async engine => engine.states()))).flat()
  const volumes = options.volumes ? await volumesOf(engines) : []
  const running = states.filter(({state}) => state !== 'skipped')
  const services = [...new Set(running.map(({service}) => service))].sort()
  return {project: stack.project, profile: stack.profile, engines, services, volumes}
}

/**
 * Stops and removes all services of a project. Its data is kept unless the plan lists volumes.
 * @throws not-deleted: a volume is still in use; interrupted, terminated; the errors of the engine
 */
export async function stopStack(
  {project, profile, engines, services, volumes}: DownPlan,
  {on, signal}: Context<DownEvent>,
): Promise<DownReport> {
  if (services.length > 0) on({type: 'stop', state: 'started', services: services.length})
  try {
    for (const engine of engines) await engine.stop({volumes: volumes.length > 0}, signal)
  } catch (error) {
    throw orInterruption(error, {
      signal,
      message: `${project} was stopping; some services may still be running`,
      hint: 'run the command again to stop the remaining services',
    })
  }
  if (services.length > 0) on({type: 'stop', state: 'done', services: services.length})
  const left = volumes.length > 0 ? await volumesOf(engines) : []
  if (left.length > 0) {
    throw new AquastreamError('not-deleted', `${left.join(', ')} could not be deleted: still in use`, {
      hint: left.some(isAbsolute)
        ? `check its owner and permissions: ls -ld ${shellQuote(left[0]!)}`
        : `find the containers that use it: docker ps --all --filter volume=${left[0]}`,
    })
  }
  return {
    project,
    profile,
    stopped: services,
    deleted: volumes,
    dockerProblem: engines[0]?.dockerProblem ?? null,
  }
}

async function volumesOf(engines: Engine[]): Promise<string[]> {
  const lists = await Promise.all(engines.map(async engine => engine.volumes()))
  // Compose and Swarm use the same volumes.
  return [...new Set(lists.flat())]
}
