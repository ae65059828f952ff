import type {MemoryUse} from '../engines/engine.js'
import {SERVICES, type Service} from '../stack/catalogue.js'
import type {ServiceState} from '../stack/state.js'

/** What people and scripts see of one service. */
export interface ServiceRow {
  service: string
  state: ServiceState['state'] | 'missing'
  health: ServiceState['health']
  /** ISO 8601: since when it is in this state. */
  since: string | null
  restarts: number
  memory: MemoryUse | null
  image: string | null
  /** Whether a stub plays it. */
  stub: boolean
  url: string | null
  /** What people should know of it, such as why it is skipped. */
  note: string | null
}

/** A row for each of the services, also for those that do not exist. */
export function toRows(
  services: readonly Service[],
  states: ServiceState[],
  memory = new Map<string, MemoryUse>(),
): ServiceRow[] {
  return services.map(({name, kind}) => {
    const state = states.find(({service}) => service === name)
    return {
      service: name,
      state: state?.state ?? 'missing',
      health: state?.health ?? 'none',
      since: state?.since ?? null,
      restarts: state?.restarts ?? 0,
      memory: memory.get(name) ?? null,
      image: state?.image ?? null,
      // The image of the stubs plays the mocks too, which are in no service's place.
      stub: kind === 'backend' && (state?.stub ?? false),
      url: state ? urlOf(name, state) : null,
      note: state?.note ?? null,
    }
  })
}

function urlOf(name: string, {published}: ServiceState): string | null {
  const service = SERVICES.find(candidate => candidate.name === name)
  const address = service && published[service.ports[0].container]
  return address ? `${service.scheme ? `${service.scheme}://` : ''}${address}` : null
}
