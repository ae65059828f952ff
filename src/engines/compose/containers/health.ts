import type {Container} from './states.js'

/** The default of the interval and of the timeout of health checks: https://docs.docker.com/reference/dockerfile/#healthcheck */
const DEFAULT_NS = 30e9

/**
 * Returns since when a container is unhealthy after it had been healthy, in ISO 8601; undefined if it still is healthy, or
 * if it is not certain that it has been healthy since its start: one that needs long to start must not be restarted.
 * Docker Engine keeps the number of failed checks and the last five of them, so the time of the first is calculated.
 */
export function unhealthySince({State: state, Config: {Healthcheck: check}}: Container): string | undefined {
  if (state.Status !== 'running' || state.Health?.Status !== 'unhealthy') return undefined
  const {FailingStreak: streak, Log: checks = []} = state.Health
  const failed = checks.slice(-streak).map(({Start: at}) => Date.parse(at))
  const [oldest, newest] = [failed[0], failed.at(-1)]
  if (oldest === undefined || newest === undefined) return undefined
  // An interval passes between the end of a check and the start of the next one.
  const interval = (check?.Interval ?? DEFAULT_NS) / 1e6
  const longest = interval + (check?.Timeout ?? DEFAULT_NS) / 1e6
  const forgotten = streak - failed.length
  const [earliest, latest] = [oldest - forgotten * longest, oldest - forgotten * interval]
  const startPeriodEnds = Date.parse(state.StartedAt) + (check?.StartPeriod ?? 0) / 1e6
  // Checks of the start period do not count until one has succeeded, and the next one starts an interval later.
  const wasHealthy =
    checks.some(({ExitCode: status}) => status === 0) ||
    latest < startPeriodEnds ||
    earliest > startPeriodEnds + 2 * interval
  if (!wasHealthy) return undefined
  const usual = failed.length > 1 ? (newest - oldest) / (failed.length - 1) : interval
  return new Date(oldest - forgotten * usual).toISOString()
}
