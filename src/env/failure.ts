import type {Profile} from '../config/profile.js'
import type {Cause, Engine} from '../engines/engine.js'
import {AquastreamError} from '../errors.js'
import type {Failure, ServiceState} from '../stack/state.js'

/** A service that does not become ready, with its current state and that before the start. */
export interface Unready {
  service: string
  now: ServiceState | undefined
  before: ServiceState | undefined
}

const SENTENCES: Record<Failure, (state: ServiceState) => string> = {
  'killed for memory': () => 'it was killed because it exceeded its memory limit',
  'restarts in a loop': ({exitCode}) =>
    `it exits again after each restart, the last time with status ${exitCode}`,
  failed: ({exitCode}) => `it exited with status ${exitCode}`,
  stopped: () => 'it was stopped during the start',
}

/** Returns the error of a service that cannot start, with the cause and the lines of its log that explain it. */
export async function startFailure(
  engine: Engine,
  {service, now, before}: Unready,
  why: Failure,
): Promise<AquastreamError> {
  if (!now) {
    return new AquastreamError('service-failed', `${service} cannot start: it was removed during the start`, {
      hint: 'run the command again',
    })
  }
  const {cause, evidence} = await engine.diagnose(now)
  const {code, sentence, hint} = cause ?? plainCause(now, why)
  return new AquastreamError(code, `${service} cannot start: ${sentence}`, {hint, evidence})
}

function plainCause(state: ServiceState, why: Failure): Cause {
  return {
    code: 'service-failed',
    sentence: SENTENCES[why](state),
    hint: `full log: ${logCommand(state.service, state.profile)}`,
  }
}

/** Returns the error of services that are not ready in time, with what the engine finds out about the first that runs. */
export async function timeoutError(
  engine: Engine,
  waiting: Unready[],
  {timeout, profile}: {timeout: number; profile: Profile},
): Promise<AquastreamError> {
  const slowest = waiting.find(({now}) => now?.state === 'running')?.now
  const {cause, evidence} = slowest ? await engine.diagnose(slowest) : {evidence: []}
  const names = waiting.map(({service}) => service).join(', ')
  const late = `${names} ${waiting.length === 1 ? 'is' : 'are'} not healthy after ${timeout} seconds`
  if (slowest && cause) {
    const about = waiting.length === 1 ? ':' : `; ${slowest.service}:`
    return new AquastreamError('timeout', `${late}${about} ${cause.sentence}`, {
      hint: cause.hint,
      evidence,
    })
  }
  return new AquastreamError('timeout', late, {
    hint: `allow more time with --timeout ${timeout * 2}, or find the cause in the log: ${logCommand(slowest?.service, profile)}`,
    evidence,
  })
}

function logCommand(service: string | undefined, profile: string | undefined): string {
  return ['aquastream logs', service, '--profile', profile].filter(Boolean).join(' ')
}
