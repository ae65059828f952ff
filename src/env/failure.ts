import type {Profile} from '../config/profile.js'
import type {Cause, Engine} from '../engines/engine.js'
import {AquastreamError} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import type {StartFailure} from '../stack/readiness.js'
import type {ServiceState} from '../stack/state.js'

/** A service that does not become ready, with its current state and that before the start. */
export interface Unready {
  service: string
  now: ServiceState | undefined
  before: ServiceState | undefined
}

const SENTENCES: Record<StartFailure, (state: ServiceState) => string> = {
  'killed for memory': () => 'it was killed because it exceeded its memory limit',
  'restarts in a loop': ({exitCode}) =>
    `it exits again after each restart, the last time with status ${exitCode ?? 'unknown'}`,
  failed: ({exitCode}) => `it exited with status ${exitCode ?? 'unknown'}`,
  stopped: () => 'it was stopped during the start',
}

/** Returns the error of a service that cannot start, with the cause and the lines of its log that explain it. */
export async function startFailure(
  engine: Engine,
  {service, now, before}: Unready,
  why: StartFailure,
): Promise<AquastreamError> {
  if (!now) {
    return new AquastreamError('service-failed', `${service} cannot start: it was removed during the start`, {
      hint: 'run the command again',
    })
  }
  const {cause, evidence} = await engine.diagnose(now)
  const {code, sentence, hint} = cause ?? plainCause(now, why)
  const previous = previousImage(engine, now, before)
  return new AquastreamError(code, `${service} cannot start: ${sentence}${previous.sentence}`, {
    hint: hint + previous.hint,
    evidence,
  })
}

/** Names the image that the service used before this start, if that was another one, and how to use it again. */
function previousImage(
  {history}: Engine,
  now: ServiceState,
  before: ServiceState | undefined,
): {sentence: string; hint: string} {
  if (!before || before.imageId === now.imageId) return {sentence: '', hint: ''}
  const rollback = ['aquastream env:rollback', now.service, now.profile && `--profile ${now.profile}`]
  const variable = SERVICES.find(({name}) => name === now.service)?.imageVariable
  const isRenamed = before.image !== now.image
  const old = isRenamed ? before.image : before.imageId
  return {
    sentence: `; the previous image ${isRenamed ? 'was' : 'had the same name:'} ${old}`,
    hint:
      variable === undefined || before.stub
        ? ''
        : history
          ? `; to use the previous image: ${rollback.filter(Boolean).join(' ')}`
          : `; to use the previous image, set ${variable}=${old}`,
  }
}

function plainCause(state: ServiceState, why: StartFailure): Cause {
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
  const names = waiting.map(({service}) => service).join(', ')
  const late =
    waiting.length === 0
      ? `the start has not ended after ${timeout} seconds, although every service is healthy`
      : `${names} ${waiting.length === 1 ? 'is' : 'are'} not healthy after ${timeout} seconds`
  const {now, before} = waiting.find(({now}) => now?.state === 'running') ?? {}
  const allowMore = `allow more time with --timeout ${timeout * 2}, or find the cause in the log: ${logCommand(now?.service, profile)}`
  if (!now) return new AquastreamError('timeout', late, {hint: allowMore})
  const {cause, evidence} = await engine.diagnose(now)
  const previous = previousImage(engine, now, before)
  const about = waiting.length === 1 ? ':' : `; ${now.service}:`
  const sentence = (cause ? `${about} ${cause.sentence}` : '') + previous.sentence
  return new AquastreamError('timeout', late + sentence, {
    hint: (cause?.hint ?? allowMore) + previous.hint,
    evidence,
  })
}

function logCommand(service: string | undefined, profile: string | undefined): string {
  return ['aquastream logs', service, '--profile', profile].filter(Boolean).join(' ')
}
