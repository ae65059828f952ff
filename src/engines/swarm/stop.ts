import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../errors.js'
import {get, hasStatus, remove} from '../api/client.js'
import {docker} from '../docker/command.js'
import {containersSchema, type SwarmService} from './objects.js'
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
  const params = {all: 'true', filters: {label: [`${LABEL.project}=${project}`]}}
  const list = async (): Promise<string[]> => {
    const found = await get('/containers/json', containersSchema, {what: 'list containers', params, signal})
    return found.map(({Names: [name], Id: id}) => name?.slice(1) ?? id)
  }
  await untilNone(
    list,
    names => `remove them: docker rm -f ${names.join(' ')}; then run the command again`,
    signal,
  )
}

/** The nodes leave a network some time after its last task, and until then Docker Engine refuses to remove it. */
async function removeNetworks(project: string, signal: AbortSignal): Promise<void> {
  const removeAll = async (): Promise<string[]> => {
    const networks = await listNetworks(project, signal)
    for (const {Id: id, Name: name} of networks) {
      await remove(`/networks/${id}`, {what: `remove the network ${name}`, signal}).catch(
        (error: unknown) => {
          if (![400, 403, 409].some(status => hasStatus(error, status))) throw error
        },
      )
    }
    return networks.map(({Name}) => Name)
  }
  const hint =
    'look for a node that is down: docker node ls; start it; if it will not come back and holds no data, remove it: docker node rm --force NODE'
  await untilNone(removeAll, () => hint, signal)
}

/** How long Docker Engine may take to remove what has ended, in ms. A node that is down never leaves its networks. */
const REMOVAL_MS = 60_000

/**
 * Repeats until nothing is left.
 * @throws not-deleted: Docker Engine does not remove it
 */
async function untilNone(
  findLeft: () => Promise<string[]>,
  hint: (names: string[]) => string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + REMOVAL_MS
  for (;;) {
    const names = await findLeft()
    if (names.length === 0) return
    if (performance.now() > deadline) {
      const message = `Docker Engine has not removed ${names.join(', ')} within ${REMOVAL_MS / 1000} s`
      throw new AquastreamError('not-deleted', message, {hint: hint(names)})
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
