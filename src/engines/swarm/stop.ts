import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../errors.js'
import {hasStatus, remove} from '../api/client.js'
import type {SwarmService} from './objects.js'
import {docker} from '../compose/docker.js'
import {readInfo} from './cluster/cluster.js'
import {removeRecord} from './cluster/data-record.js'
import {withSwarmLock} from './cluster/lock.js'
import {readStack} from './cluster/services.js'
import {listNetworks, listStored, removeStored} from './cluster/store.js'
import {stopAndWait} from './deploy/apply.js'
import {POLL_MS, waitUntilGone} from './deploy/ended.js'
import {LABEL} from './translate/spec.js'

/**
 * Removes the services, networks, secrets and configs of a stack, and with `volumes` its volumes on this node. Containers
 * are waited for first: a volume that PostgreSQL still writes must not be deleted, nor used by another engine.
 */
export async function stopStack(
  project: string,
  {volumes}: {volumes: boolean},
  signal: AbortSignal,
): Promise<void> {
  const isManager = (await readInfo(signal)).Swarm.ControlAvailable
  if (isManager) {
    await withSwarmLock(project, 'env:down', {signal, work: held => removeStack(project, held)})
  }
  const unused = await listOwnVolumes(project, volumes, signal)
  if (unused.length > 0) await docker(['volume', 'rm', ...unused], {signal})
  if (volumes && isManager) await removeRecord(project, signal)
}

async function removeStack(project: string, signal: AbortSignal): Promise<void> {
  const found = (await readStack(project, signal)).services
  // A job or a probe of a command that was killed cannot be scaled.
  const [services, leftovers] = [found.filter(isReplicated), found.filter(service => !isReplicated(service))]
  for (const {ID: id} of leftovers) await remove(`/services/${id}`, {what: 'remove a service', signal})
  await stopAndWait(services, {project, signal})
  for (const {ID: id} of services) await remove(`/services/${id}`, {what: 'remove a service', signal})
  await waitForTasks(project, signal)
  await removeNetworks(project, signal)
  await removeStored('secrets', await listStored('secrets', project, signal), signal)
  const configs = await listStored('configs', project, signal)
  const removable = configs.filter(({Spec: {Labels: labels}}) => labels[LABEL.kind] === undefined)
  await removeStored('configs', removable, signal)
}

function isReplicated({Spec: {Mode: mode}}: SwarmService): boolean {
  return mode.Replicated !== undefined
}

/** Swarm removes the containers of a service some time after the service, also those that have ended before. */
async function waitForTasks(project: string, signal: AbortSignal): Promise<void> {
  await waitUntilGone([], {project, signal})
  for (;;) {
    const filter = `label=${LABEL.project}=${project}`
    if ((await docker(['ps', '-aq', '--filter', filter], {signal})) === '') return
    await sleep(POLL_MS, undefined, {signal})
  }
}

/** A node that is down never leaves its networks. */
const NETWORKS_MS = 60_000

function stillUsed(names: string[]): AquastreamError {
  return new AquastreamError('not-deleted', `${names.join(', ')} could not be deleted: still in use`, {
    hint: 'look for a node that is down: docker node ls; start it; if it will not come back and holds no data, remove it: docker node rm --force NODE',
  })
}

/** The nodes leave a network some time after its last task, and until then Docker Engine refuses to remove it. */
async function removeNetworks(project: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + NETWORKS_MS
  for (;;) {
    const networks = await listNetworks(project, signal)
    if (networks.length === 0) return
    if (performance.now() > deadline) throw stillUsed(networks.map(({Name}) => Name))
    for (const {Id: id, Name: name} of networks) {
      await remove(`/networks/${id}`, {what: `remove the network ${name}`, signal}).catch(
        (error: unknown) => {
          if (![400, 403, 409].some(status => hasStatus(error, status))) throw error
        },
      )
    }
    await sleep(POLL_MS, undefined, {signal})
  }
}

/** Volumes in memory hold nothing, so they are removed in any case; on other nodes they stay, and are used again. */
async function listOwnVolumes(project: string, withData: boolean, signal: AbortSignal): Promise<string[]> {
  const filters = [`${LABEL.kind}=memory`].map(label => [
    '--filter',
    `label=${label}`,
    '--filter',
    `label=${LABEL.project}=${project}`,
  ])
  if (withData) filters.push(['--filter', `label=com.docker.compose.project=${project}`])
  const lists = await Promise.all(filters.map(filter => docker(['volume', 'ls', '-q', ...filter], {signal})))
  return [...new Set(lists.flatMap(list => list.split('\n').filter(Boolean)))]
}
