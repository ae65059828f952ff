import type {Container} from './states.js'

/**
 * Returns since when a container is unhealthy after it had been healthy, in ISO 8601; undefined if it has not been
 * healthy since its start, or still is. Docker Engine keeps the number of failed checks and the last five of them, so
 * the time of the first is calculated. Checks of the start period do not count until one has succeeded.
 */
export function unhealthySince({State: state, Config: {Healthcheck: check}}: Container): string | undefined {
  if (state.Status !== 'running' || state.Health?.Status !== 'unhealthy') return undefined
  const checks = state.Health.Log ?? []
  const starts = checks.map(({Start: at}) => Date.parse(at))
  const [oldest, newest] = [starts[0], starts.at(-1)]
  if (oldest === undefined || newest === undefined) return undefined
  const interval = starts.length > 1 ? (newest - oldest) / (starts.length - 1) : 0
  const first = newest - (state.Health.FailingStreak - 1) * interval
  const startPeriodEnds = Date.parse(state.StartedAt) + (check?.StartPeriod ?? 0) / 1e6
  // The first failed check of a container that was never healthy follows the start period.
  const wasHealthy =
    checks.some(({ExitCode: status}) => status === 0) ||
    first < startPeriodEnds ||
    first - startPeriodEnds > 2 * interval
  return wasHealthy ? new Date(first).toISOString() : undefined
}
