import type {ServiceFacts} from '../../engine.js'
import type {HealthResult} from './health-watch.js'

const UNHEALTHY_AFTER = 3
/** The number of health checks that are kept for the support bundle. */
const CHECKS_KEPT = 5

/** The health checks of one service. */
export class HealthRecord {
  readonly checks: ServiceFacts['checks'] = []
  failedChecks = 0
  #firstFailure: string | undefined
  #wasHealthy = false

  /** Since when the service is unhealthy after it had been healthy, in ISO 8601. */
  get unhealthySince(): string | undefined {
    return this.#wasHealthy && this.failedChecks >= UNHEALTHY_AFTER ? this.#firstFailure : undefined
  }

  /** Begins a new run of the program. */
  reset(): void {
    this.failedChecks = 0
    this.#wasHealthy = false
  }

  /** Adds a check. Returns what it says about the service; undefined if that is still open. */
  add({illness, isStarting}: HealthResult): 'healthy' | 'unhealthy' | undefined {
    const at = new Date().toISOString()
    this.checks.push({at, exitCode: illness === undefined ? 0 : 1, output: illness ?? ''})
    if (this.checks.length > CHECKS_KEPT) this.checks.shift()
    if (illness === undefined) {
      this.failedChecks = 0
      this.#wasHealthy = true
      return 'healthy'
    }
    if (isStarting) return undefined
    if (this.failedChecks === 0) this.#firstFailure = at
    return ++this.failedChecks >= UNHEALTHY_AFTER ? 'unhealthy' : undefined
  }
}
