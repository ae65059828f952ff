import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../../errors.js'
import {ApiError} from '../../api/client.js'

/** How long no manager may answer, in ms: a restart of Docker Engine or the election of a leader takes less. */
const OUTAGE_MS = 60_000
const RETRY_MS = 1000

/** Repeats a request for as long as the managers cannot answer it. Only for requests that may be made twice. */
export async function surviveOutage<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = performance.now() + OUTAGE_MS
  for (;;) {
    try {
      return await request()
    } catch (error) {
      if (!isOutage(error) || performance.now() > deadline) throw error
      await sleep(RETRY_MS, undefined, {signal})
    }
  }
}

/**
 * The answers of a Docker Engine that starts, of one whose Swarm is still being created, and of managers without a leader;
 * 0 is no answer.
 */
function isOutage(error: unknown): boolean {
  if (error instanceof ApiError) return [0, 500, 503].includes(error.status)
  return error instanceof AquastreamError && ['engine-missing', 'swarm-node'].includes(error.code)
}
