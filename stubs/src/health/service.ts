import {throwCause, type Check} from './check.js'

/** Asks another service for its health, as the gateway does. */
export function serviceCheck(name: string, origin: string): Check {
  return {
    name,
    async probe(signal) {
      const response = await fetch(`${origin}/actuator/health`, {signal}).catch(throwCause)
      const health: unknown = await response.json().catch(() => null)
      const status = field(health, 'status')
      if (status !== 'UP') throw new Error(`answers ${response.status}: ${summary(health)}`)
      return {url: origin}
    },
    close: () => {},
  }
}

function summary(health: unknown): string {
  const failing = Object.entries(field(health, 'components') ?? {}).filter(
    ([, it]) => field(it, 'status') !== 'UP',
  )
  const causes = failing.map(([name, it]) => `${name}: ${text(field(field(it, 'details'), 'error'), 'DOWN')}`)
  return causes.join('; ') || `status ${text(field(health, 'status'), 'unknown')}`
}

// A real service may answer anything.
function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}
