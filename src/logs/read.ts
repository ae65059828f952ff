import {AquastreamError} from '../errors.js'
import type {LogLine} from '../engines/engine.js'
import {openStack, type StackRequest} from '../engines/open.js'
import {requireServices} from '../env/services.js'
import {toTime} from './since.js'

export interface LogsRequest extends StackRequest {
  services: string[]
  follow: boolean
  since: string | undefined
  tail: number | undefined
}

/**
 * The lines of the services in the order of time.
 * @throws no-such-service, not-healthy: when there is nothing that could have written lines
 */
export async function* readLogs(request: LogsRequest, signal: AbortSignal): AsyncGenerator<LogLine> {
  const since = request.since === undefined ? undefined : toTime(request.since)
  const {profile, engine} = await openStack(request)
  requireServices(request.services, profile, {jobs: true})
  const states = await engine.states(signal)
  const wanted = request.services.length > 0 ? request.services : states.map(({service}) => service)
  if (!states.some(({service}) => wanted.includes(service))) {
    throw new AquastreamError(
      'not-healthy',
      `${request.services.join(', ') || `the ${profile} stack`} is not running, so there are no logs`,
      {
        hint: `start it: aquastream env:up --profile ${profile}`,
      },
    )
  }
  yield* engine.logs({...request, since}, signal)
}
