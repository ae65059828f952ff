import {AquastreamError} from '../errors.js'
import type {LogLine} from '../engines/engine.js'
import {openStack, type StackRequest} from '../engines/open.js'
import {requireServices} from '../env/services.js'

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

/**
 * A time as the engine takes it: how long ago, or RFC 3339. Other texts it would take for something else, or
 * refuse on its way out, among the lines.
 */
function toTime(since: string): string {
  if (/^(\d+[hms])+$/.test(since)) return since
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(since) && !Number.isNaN(Date.parse(since))) {
    return new Date(since).toISOString()
  }
  throw new AquastreamError('usage', `--since ${JSON.stringify(since)} is no time`, {
    hint: 'say how long ago, such as 10m or 2h, or when, such as 2026-11-23T02:00:00Z',
  })
}
