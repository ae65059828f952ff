import {SERVICES} from '../../../stack/catalogue.js'
import type {SwarmService} from '../api/objects.js'
import {withSwarmLock} from '../cluster/lock.js'
import {readStack, shortName} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {allEnded, readService, stopAndWait, updateService} from './apply.js'
import type {Deployment} from './ended.js'
import {waitUntilServing} from './update.js'

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

/** Restarts services: backends start-first, without interruption; data services are stopped first. */
export async function restartServices(project: string, names: string[], signal: AbortSignal): Promise<void> {
  await withSwarmLock(project, 'env:restart', {
    signal,
    async work(held) {
      const deployment = {project, signal: held}
      const services = await find(names, deployment)
      const isData = (service: SwarmService): boolean =>
        SERVICES.some(({name, kind}) => name === shortName(service) && kind === 'infrastructure')
      await stopAndWait(services.filter(isData), deployment)
      await allEnded(services.map(async service => restart(service, deployment)))
    },
  })
}

async function restart({ID: id}: SwarmService, deployment: Deployment): Promise<void> {
  const service = await readService(id, deployment.signal)
  const spec = restarted(service.Spec)
  const version = await updateService(service, spec, deployment)
  await waitUntilServing({name: shortName(service), spec, version}, deployment)
}

async function find(names: string[], {project, signal}: Deployment): Promise<SwarmService[]> {
  const {services} = await readStack(project, signal)
  return services.filter(service => names.includes(shortName(service)))
}

/** A counter in the specification makes Swarm replace the tasks; a stopped service gets its containers back. */
function restarted(spec: ServiceSpec): ServiceSpec {
  const {TaskTemplate: template, Labels: labels, Mode: mode} = spec
  const isStopped = 'Replicated' in mode && mode.Replicated.Replicas === 0
  return {
    ...spec,
    TaskTemplate: {...template, ForceUpdate: (template.ForceUpdate ?? 0) + 1},
    // This version has run before, so nobody has to wait until it has proven itself.
    ...(spec.UpdateConfig && {UpdateConfig: {...spec.UpdateConfig, Monitor: 5e9}}),
    ...(isStopped && {Mode: {Replicated: {Replicas: Number(labels[LABEL.replicas] ?? 1)}}}),
  }
}
