import type {FastifyBaseLogger} from 'fastify'
import {runChecks, type Check, type Health} from './check.js'

const LIMIT_MS = 2000

/** A function that tells the readiness now, and logs whenever what is failing differs from the last time. */
export function readinessOf(checks: readonly Check[], log: FastifyBaseLogger): () => Promise<Health> {
  let running: Promise<Health> | null = null
  let last: string | null = null

  async function run(): Promise<Health> {
    const health = await runChecks(checks, LIMIT_MS)
    const failing = Object.keys(health.components).filter(name => health.components[name]?.status === 'DOWN')
    if (failing.join() !== last) logChange(log, health, failing)
    last = failing.join()
    return health
  }

  // Requests that come while the checks run share their result: a flood of probes opens no flood of logins
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
