import type {Context, Engine} from '../../engines/engine.js'
import {SERVICES} from '../../stack/catalogue.js'

/** Backends that the gateway reached before their update, and does not reach after it. */
export interface UnreachableEvent {
  type: 'unreachable'
  services: string[]
}

/**
 * Runs an update, and reports what the gateway no longer reaches after it: a gateway that keeps the addresses of containers
 * for as long as Docker's DNS allows calls containers that no longer exist. The requests before the update let it resolve
 * the names, and show what it does not reach for another reason.
 */
export async function withSmokeTest<T>(
  engine: Engine,
  {updated, run}: {updated: string[]; run: () => Promise<T>},
  {on, signal}: Context<UnreachableEvent>,
): Promise<T> {
  const backends = updated.filter(name => name !== 'gateway' && isBackend(name))
  if (!engine.findUnreachable || backends.length === 0) return run()
  const before = await engine.findUnreachable(backends, signal).catch(() => backends)
  const result = await run()
  const reached = backends.filter(name => !before.includes(name))
  // The update has succeeded, whatever becomes of the test.
  const services = reached.length === 0 ? [] : await engine.findUnreachable(reached, signal).catch(() => [])
  if (services.length > 0) on({type: 'unreachable', services})
  return result
}

function isBackend(name: string): boolean {
  return SERVICES.some(service => service.name === name && service.kind === 'backend')
}
