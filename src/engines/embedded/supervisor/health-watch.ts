import {setTimeout as sleep} from 'node:timers/promises'
import type {HealthCheck} from '../service-spec.js'
import {findHealthProblem} from './health.js'

/** During the start phase, at most this long, failed checks do not count and the check interval is short. */
const START_MS = 60_000
const PACE_MS = {starting: 100, healthy: 10_000, failing: 2000}

export interface HealthResult {
  /** Why the service is not healthy, or undefined. */
  illness: string | undefined
  /** It has not been healthy yet, and the start phase has not ended. */
  isStarting: boolean
}

/** Checks the health of a program that was just started, repeatedly until the signal aborts. */
export async function* watchHealth(check: HealthCheck, over: AbortSignal): AsyncGenerator<HealthResult> {
  const began = performance.now()
  let wasHealthy = false
  for (;;) {
    const illness = await findHealthProblem(check)
    if (over.aborted) return
    wasHealthy ||= illness === undefined
    const isStarting = !wasHealthy && performance.now() - began < START_MS
    yield {illness, isStarting}
    const pace = isStarting ? 'starting' : illness === undefined ? 'healthy' : 'failing'
    await sleep(PACE_MS[pace], undefined, {signal: over}).catch(() => undefined)
  }
}
