import {SERVICES} from '../../../stack/catalogue.js'

/** Returns what kind of service has this name; undefined for a job. */
export function kindOf(name: string): string | undefined {
  return SERVICES.find(service => service.name === name)?.kind
}

/** The order of an update: data services, then backends before the gateway that uses them, then edge. */
export function rankOf(name: string): number {
  const kind = kindOf(name)
  if (kind === 'infrastructure') return 0
  if (kind !== 'backend') return 3
  return name === 'gateway' ? 2 : 1
}
