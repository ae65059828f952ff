import type {MemoryUse} from '../engines/engine.js'
import {JOBS, SERVICES, type Service} from '../stack/catalogue.js'
import {memoryVariable} from '../stack/names.js'
import {isStopped, type ServiceState} from '../stack/state.js'

/** One service, or one job that failed, in a report for users and scripts. */
export interface ServiceRow {
  service: string
  state: ServiceState['state'] | 'missing'
  health: ServiceState['health']
  /** When the state began, in ISO 8601. */
  since: string | null
  restarts: number
  memory: MemoryUse | null
  image: string | null
  /** Whether a stub replaces it. */
  stub: boolean
  url: string | null
  /** A remark for the user, such as why the service is skipped. */
  note: string | null
  /** Its containers in a Swarm, with their nodes; null on the other engines. */
  tasks: {node: string | null; state: string}[] | null
  /** The state of its last update in a Swarm; null if there was none. */
  update: string | null
}

/** Returns a row for each service, including those without a container or process. */
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
      // The mocks run the stub image as well, but replace no service.
      stub: kind === 'backend' && (state?.stub ?? false),
      url: state ? urlOf(name, state) : null,
      note: state ? noteOf(state) : null,
      tasks: state?.tasks ?? null,
      update: state?.update ?? null,
    }
  })
}

function noteOf({service, state, note, outOfMemory, unhealthySince}: ServiceState): string | null {
  if (unhealthySince !== undefined) return `unhealthy since ${unhealthySince.slice(0, 19)}Z`
  if (!outOfMemory) return note ?? null
  const end = 'the kernel killed it because it exceeded its memory limit'
  return `${state === 'running' ? `restarted after ${end}` : end}; raise ${memoryVariable(service)}`
}

/** Returns a row for each job that failed. Jobs that have succeeded are no part of a running stack. */
export function toJobRows(states: ServiceState[]): ServiceRow[] {
  const failed = states.filter(
    job => JOBS.some(({name}) => name === job.service) && isStopped(job) && job.exitCode !== 0,
  )
  return failed.map(({service, state, health, since, restarts, image, exitCode}) => ({
    service,
    state,
    health,
    since: since ?? null,
    restarts,
    memory: null,
    image,
    stub: false,
    url: null,
    note: `the job failed with exit status ${exitCode}`,
    tasks: null,
    update: null,
  }))
}

function urlOf(name: string, {published}: ServiceState): string | null {
  const service = SERVICES.find(candidate => candidate.name === name)
  const address = service && published[service.ports[0].container]
  return address ? `${service.scheme ? `${service.scheme}://` : ''}${address}` : null
}
