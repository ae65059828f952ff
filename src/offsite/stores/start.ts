import type {Engine} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {isStopped} from '../../stack/state.js'

/** Milliseconds within which a service must become healthy. */
const LIMIT_MS = 300_000

/** Minimum milliseconds between two queries. */
const PACE_MS = 200

/**
 * Starts a service that was stopped, and waits until it is healthy.
 * @throws not-healthy; the reason of the signal
 */
export async function startService(engine: Engine, service: string, signal: AbortSignal): Promise<void> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
  await engine.restartServices([service], until, {begin: () => undefined}).catch((error: unknown) => {
    signal.throwIfAborted()
    if (until.aborted) throw notHealthy(service)
    // An engine that waits for the service itself says that it has returned to its previous image, which is the same.
    throw error instanceof AquastreamError && error.code === 'service-failed'
      ? notHealthy(service, error)
      : error
  })
  for await (const states of engine.watch({pace: PACE_MS}, until)) {
    const state = states.find(one => one.service === service)
    if (state?.state === 'running' && state.health === 'healthy') return
    if (!state || isStopped(state) || state.health === 'unhealthy') break
  }
  signal.throwIfAborted()
  throw notHealthy(service)
}

function notHealthy(service: string, cause?: AquastreamError): AquastreamError {
  return new AquastreamError('not-healthy', `${service} did not become healthy with the restored data`, {
    hint: `the previous data is put back; see the log: aquastream logs ${service}`,
    ...(cause && {evidence: cause.evidence, cause}),
  })
}
