import {AquastreamError} from '../errors.js'
import type {Context} from '../engines/engine.js'
import {openStack, type Stack, type StackRequest} from '../engines/open.js'

export interface DownRequest extends StackRequest {
  /** Also delete the databases and files of the project. */
  volumes: boolean
}

/** What a stop would take away. */
export interface DownPlan {
  stack: Stack
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
  /** Services and jobs that were there and are gone now. */
  stopped: string[]
  /** Volumes that are gone now. */
  deleted: string[]
}

/** Looks at what is there; changes nothing. */
export async function planDown(request: DownRequest): Promise<DownPlan> {
  const stack = await openStack(request)
  const states = await stack.engine.states()
  const volumes = request.volumes ? await stack.engine.volumes() : []
  const running = states.filter(({state}) => state !== 'skipped')
  return {stack, services: running.map(({service}) => service).sort(), volumes}
}

/** Stops and removes everything of a project; its data stays unless the plan says otherwise. */
export async function bringDown(
  {stack, services, volumes}: DownPlan,
  {on, signal}: Context<DownEvent>,
): Promise<DownReport> {
  const {project, engine} = stack
  if (services.length > 0) on({type: 'stop', state: 'started', services: services.length})
  try {
    await engine.stop({volumes: volumes.length > 0}, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    const {code} = signal.reason as AquastreamError
    throw new AquastreamError(code, `interrupted while ${project} was stopping; some of it may still run`, {
      hint: 'run the same command again to stop the rest',
    })
  }
  if (services.length > 0) on({type: 'stop', state: 'done', services: services.length})
  const left = volumes.length > 0 ? await engine.volumes() : []
  if (left.length > 0) {
    throw new AquastreamError(
      'not-deleted',
      `${left.join(', ')} could not be deleted: something else uses it`,
      {
        hint: `see what: docker ps --all --filter volume=${left[0]}`,
      },
    )
  }
  return {project, stopped: services, deleted: volumes}
}
