import type {SwarmService} from '../objects.js'
import {withSwarmLock} from '../cluster/lock.js'
import {readStack, shortName} from '../cluster/services.js'
import type {ServiceSpec} from '../translate/spec.js'
import {readService, stopAndWait} from './apply.js'
import {asStarted, replaceDataService} from './data.js'
import type {Deployment} from './ended.js'
import {kindOf, rankOf} from './order.js'
import {healthy, Update} from './update.js'

/** Scales services to 0 and waits until their containers have ended. */
export async function stopServices(project: string, names: string[], signal: AbortSignal): Promise<void> {
  await withSwarmLock(project, 'env:stop', {
    signal,
    async work(held) {
      const deployment = {project, signal: held}
      await stopAndWait(await find(names, deployment), deployment)
    },
  })
}

/**
 * Restarts services, one after another: a server that can start one JVM beside the others may be too small for seven.
 * Backends are started before the old container stops; data services come first, and are stopped first.
 */
export async function restartServices(names: string[], options: Deployment): Promise<void> {
  const {project, signal, deadline} = options
  await withSwarmLock(project, 'env:restart', {
    signal,
    async work(held) {
      const deployment = {...options, signal: held}
      const services = await find(names, deployment)
      for (const service of inOrder(services)) {
        deadline?.begin()
        await restart(service, deployment)
      }
    },
  })
}

/** Returns services in the order of an update. */
export function inOrder(services: SwarmService[]): SwarmService[] {
  return services.toSorted((a, b) => rankOf(shortName(a)) - rankOf(shortName(b)))
}

async function restart(service: SwarmService, deployment: Deployment): Promise<void> {
  const name = shortName(service)
  const now = await readService(service.ID, deployment.signal)
  const spec = restarted(now.Spec)
  if (kindOf(name) === 'infrastructure') {
    const {failure} = await replaceDataService({name, spec, service}, deployment)
    if (failure !== undefined) throw failure as Error
    return
  }
  const update = new Update({name, spec, service}, deployment)
  await update.begin()
  const failure = await healthy(update, deployment)
  if (failure) throw failure
}

async function find(names: string[], {project, signal}: Deployment): Promise<SwarmService[]> {
  const {services} = await readStack(project, signal)
  return services.filter(service => names.includes(shortName(service)))
}

/** A counter in the specification makes Swarm replace the tasks; a stopped service gets its containers back. */
function restarted(spec: ServiceSpec): ServiceSpec {
  const {TaskTemplate: template} = spec
  return {
    ...asStarted(spec),
    TaskTemplate: {...template, ForceUpdate: (template.ForceUpdate ?? 0) + 1},
    // This version has run before, so Swarm need not watch it for long.
    ...(spec.UpdateConfig && {UpdateConfig: {...spec.UpdateConfig, Monitor: 5e9}}),
  }
}
