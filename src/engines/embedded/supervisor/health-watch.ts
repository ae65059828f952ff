import {setTimeout as sleep} from 'node:timers/promises'
import type {HealthCheck} from '../service-spec.js'
import {findIllness} from './health.js'

/** While a program starts, a failed check does not count for so long, and checks follow each other quickly. */
const START_MS = 60_000
const PACE_MS = {starting: 100, healthy: 10_000, failing: 2000}

export interface HealthResult {
  /** Why the service is not healthy; nothing when it is. */
  illness: string | undefined
  /** It has not been healthy yet, and is given time. */
  isStarting: boolean
}

/** Checks the health of a program that was just started, again and again until the signal. */
export async function* watchHealth(check: HealthCheck, over: AbortSignal): AsyncGenerator<HealthResult> {
  const began = performance.now()
  let wasHealthy = false
  for (;;) {
    const illness = await findIllness(check)
    if (over.aborted) return
    wasHealthy ||= illness === undefined
    const isStarting = !wasHealthy && performance.now() - began < START_MS
    yield {illness, isStarting}
    const pace = isStarting ? 'starting' : illness === undefined ? 'healthy' : 'failing'
    await sleep(PACE_MS[pace], undefined, {signal: over}).catch(() => undefined)
  }
}
