import type {LogLine} from '../engines/engine.js'
import {notRunning} from '../engines/not-running.js'
import {openEngine} from '../engines/open.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {requireServices} from '../stack/names.js'
import {toTime} from './since.js'

export interface LogsRequest {
  stack: StackContext
  services: string[]
  follow: boolean
  since: string | undefined
  tail: number | undefined
}

/**
 * Reads the log lines of services in chronological order.
 * @throws usage, no-such-service, not-healthy: no service is running and there is nothing to read or follow
 */
export async function* readLogs(request: LogsRequest, signal: AbortSignal): AsyncGenerator<LogLine> {
  const since = request.since === undefined ? undefined : toTime(request.since)
  const {profile} = request.stack
  const engine = await openEngine(request.stack)
  requireServices(request.services, profile, {jobs: true, engine: engine.name})
  const states = await engine.states(signal)
  const wanted = request.services.length > 0 ? request.services : states.map(({service}) => service)
  const isRunning = states.some(({service}) => wanted.includes(service))
  let isEmpty = true
  // A service that has stopped may have a log, but writes no new lines.
  for await (const line of engine.logs({...request, since, follow: request.follow && isRunning}, signal)) {
    isEmpty = false
    yield line
  }
  if (isRunning || !(isEmpty || request.follow)) return
  const what = request.services.join(', ') || `the ${profile} stack`
  const {code, message, hint} = notRunning(what, profile, engine.dockerProblem)
  throw new AquastreamError(code, isEmpty ? `${message}, so there are no logs` : message, {hint})
}
