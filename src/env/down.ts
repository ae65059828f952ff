import {isAbsolute} from 'node:path'
import type {Profile} from '../config/profile.js'
import type {Context, Engine} from '../engines/engine.js'
import {enginesOf, openStack, type Stack, type StackRequest} from '../engines/open.js'
import {AquastreamError} from '../errors.js'

export interface DownRequest extends StackRequest {
  /** Also delete the databases and files of the project. */
  volumes: boolean
}

/** What a stop would take away. */
export interface DownPlan {
  stack: Stack
  /** Those that are to stop: with the volumes, also one that only has data of earlier days. */
  engines: Engine[]
  services: string[]
  /** The volumes that would be deleted with all that is in them. */
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
  /** Services and jobs that were there and are gone now. */
  stopped: string[]
  /** Volumes that are gone now. */
  deleted: string[]
  /** Why Docker was not asked to stop what it may run. */
  unasked: string | null
}

/** Looks at what is there; changes nothing. */
export async function planDown(request: DownRequest): Promise<DownPlan> {
  const stack = await openStack(request)
  // A Docker engine that comes back starts its containers again, beside what took their place.
  const engines = await enginesOf(stack, request.env)
  const states = (await Promise.all(engines.map(async engine => engine.states()))).flat()
  const volumes = request.volumes ? await volumesOf(engines) : []
  const running = states.filter(({state}) => state !== 'skipped')
  return {stack, engines, services: [...new Set(running.map(({service}) => service))].sort(), volumes}
}

/** Stops and removes everything of a project; its data stays unless the plan says otherwise. */
export async function bringDown(
  {stack: {project, profile, engine}, engines, services, volumes}: DownPlan,
  {on, signal}: Context<DownEvent>,
): Promise<DownReport> {
  if (services.length > 0) on({type: 'stop', state: 'started', services: services.length})
  try {
    for (const engine of engines) await engine.stop({volumes: volumes.length > 0}, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    const {code} = signal.reason as AquastreamError
    throw new AquastreamError(code, `interrupted while ${project} was stopping; some of it may still run`, {
      hint: 'run the same command again to stop the rest',
    })
  }
  if (services.length > 0) on({type: 'stop', state: 'done', services: services.length})
  const left = volumes.length > 0 ? await volumesOf(engines) : []
  if (left.length > 0) {
    throw new AquastreamError(
      'not-deleted',
      `${left.join(', ')} could not be deleted: something else uses it`,
      {
        hint: left.some(isAbsolute)
          ? `see whose it is: ls -ld ${left[0]}`
          : `see what: docker ps --all --filter volume=${left[0]}`,
      },
    )
  }
  return {project, profile, stopped: services, deleted: volumes, unasked: engine.unasked ?? null}
}

async function volumesOf(engines: Engine[]): Promise<string[]> {
  return (await Promise.all(engines.map(async engine => engine.volumes()))).flat()
}
