import * as z from '../../../system/zod.js'
import {get, post} from '../../api/client.js'
import {serviceSchema, type SwarmService} from '../objects.js'
import {listStored} from '../cluster/store.js'
import {versionOf} from '../cluster/services.js'
import {registryAuth} from '../cluster/registry-auth.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {type Deployment, waitUntilGone} from './ended.js'

/** Creates a service and returns its ID. */
export async function createService(spec: ServiceSpec, {project, signal}: Deployment): Promise<string> {
  const body = await withIds(spec, project, signal)
  return post('/services/create', body, {
    what: `create the service ${spec.Name}`,
    headers: await registryAuth(spec.Labels[LABEL.image]!, signal),
    signal,
  })
}

/**
 * Changes a service to a specification. Its tasks are replaced only if it differs from the current one.
 * @returns the version of the tasks that Swarm creates for it, see versionOf
 * @throws ApiError: also if somebody else has changed the service meanwhile
 */
export async function updateService(
  service: SwarmService,
  spec: ServiceSpec,
  {project, signal}: Deployment,
): Promise<string> {
  const body = await withIds(spec, project, signal)
  // A restart has increased it, and a lower one would be another restart.
  body.TaskTemplate.ForceUpdate = Math.max(
    spec.TaskTemplate.ForceUpdate ?? 0,
    service.Spec.TaskTemplate.ForceUpdate,
  )
  await post(`/services/${service.ID}/update`, body, {
    what: `update the service ${spec.Name}`,
    params: {version: String(service.Version.Index)},
    headers: await registryAuth(spec.Labels[LABEL.image]!, signal),
    signal,
  })
  return versionOf(body.TaskTemplate)
}

/** Swarm wants the IDs of secrets and configs besides their names; networks may be given by name. */
async function withIds(spec: ServiceSpec, project: string, signal: AbortSignal): Promise<ServiceSpec> {
  const [secrets, configs] = await Promise.all([
    listStored('secrets', project, signal),
    listStored('configs', project, signal),
  ])
  const idOf = (stored: typeof secrets, name: string): string =>
    stored.find(({Spec: {Name}}) => Name === name)?.ID ?? ''
  const result = structuredClone(spec)
  const {ContainerSpec: container} = result.TaskTemplate
  for (const secret of container.Secrets ?? []) secret.SecretID = idOf(secrets, secret.SecretName)
  for (const config of container.Configs ?? []) config.ConfigID = idOf(configs, config.ConfigName)
  return result
}

/** Reads a service with its complete specification, as Swarm has it. */
export async function readService(
  id: string,
  signal: AbortSignal,
): Promise<SwarmService & {Spec: ServiceSpec; PreviousSpec?: ServiceSpec}> {
  const service = await get(`/services/${id}`, z.unknown(), {what: 'read a service', signal})
  // What the schema does not name has to be kept, because an update sets everything.
  serviceSchema.parse(service)
  return service as SwarmService & {Spec: ServiceSpec; PreviousSpec?: ServiceSpec}
}

/** Scales services to 0, and waits until the container of every task has ended. */
export async function stopAndWait(services: SwarmService[], deployment: Deployment): Promise<void> {
  const {signal} = deployment
  if (services.length === 0) return
  for (const {ID: id} of services) {
    const service = await readService(id, signal)
    const replicas = replicasOf(service.Spec)
    if (replicas === 0) continue
    await updateService(
      service,
      {
        ...service.Spec,
        Labels: {...service.Spec.Labels, [LABEL.replicas]: String(replicas)},
        Mode: {Replicated: {Replicas: 0}},
      },
      deployment,
    )
  }
  await waitUntilGone(
    services.map(({ID}) => ID),
    deployment,
  )
}

/** Waits for the end of all, even if one fails: after that the lock is released, and nothing may still be changed. */
export async function allEnded(work: Promise<void>[]): Promise<void> {
  await Promise.allSettled(work)
  await Promise.all(work)
}

/** Returns the number of containers that a service should have. */
export function replicasOf({Mode: mode}: Pick<ServiceSpec, 'Mode'>): number {
  return 'Replicated' in mode ? mode.Replicated.Replicas : 1
}
