import type {FastifyBaseLogger} from 'fastify'
import {runChecks, type Health, type HealthCheck} from './check.js'

const LIMIT_MS = 2000

/** Returns a function that runs the checks and logs whenever the set of failing checks has changed. */
export function createReadiness(
  checks: readonly HealthCheck[],
  log: FastifyBaseLogger,
): () => Promise<Health> {
  let running: Promise<Health> | null = null
  let last: string | null = null

  async function run(): Promise<Health> {
    const health = await runChecks(checks, LIMIT_MS)
    const failing = Object.keys(health.components).filter(name => health.components[name]?.status === 'DOWN')
    if (failing.join() !== last) logChange(log, health, failing)
    last = failing.join()
    return health
  }

  // Concurrent requests share one run, so that many probes do not cause many logins
  return () => (running ??= run().finally(() => (running = null)))
}

function logChange(log: FastifyBaseLogger, health: Health, failing: string[]): void {
  if (failing.length === 0) {
    log.info('readiness UP')
    return
  }
  const causes = failing.map(name => `${name}: ${String(health.components[name]?.details?.error)}`)
  log.warn(`readiness DOWN: ${causes.join('; ')}`)
}
