import {throwCause, type HealthCheck} from './check.js'

/** Creates a check that requests the health document of another service; the gateway uses it. */
export function serviceCheck(name: string, origin: string): HealthCheck {
  return {
    name,
    async probe(signal) {
      const response = await fetch(`${origin}/actuator/health`, {signal}).catch(throwCause)
      const health: unknown = await response.json().catch(() => null)
      const status = field(health, 'status')
      if (status !== 'UP') throw new Error(`responded with HTTP ${response.status}: ${summarize(health)}`)
      return {url: origin}
    },
    close: () => {},
  }
}

function summarize(health: unknown): string {
  const failing = Object.entries(field(health, 'components') ?? {}).filter(
    ([, component]) => field(component, 'status') !== 'UP',
  )
  const causes = failing.map(
    ([name, component]) => `${name}: ${text(field(field(component, 'details'), 'error'), 'DOWN')}`,
  )
  return causes.join('; ') || `status ${text(field(health, 'status'), 'unknown')}`
}

// The response of a real service may have any shape.
function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}
