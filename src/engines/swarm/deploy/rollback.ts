import type {PreviousVersion} from '../../engine.js'
import type {SwarmService} from '../api/objects.js'
import {withSwarmLock} from '../cluster/lock.js'
import {readUpdates, type RecordedChange, type StoredUpdate} from '../cluster/history.js'
import {readStack, shortName, type StackTasks} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {asStarted} from './data.js'
import type {Deployment} from './ended.js'
import {requireImages} from './probe.js'
import {changedSpecs, runSteps} from './steps.js'

/** Finds what ran before the last completed update of each service; see History in engine.ts. */
export async function findPrevious(
  project: string,
  names: string[],
  signal: AbortSignal,
): Promise<PreviousVersion[]> {
  const [updates, {services}] = await Promise.all([readUpdates(project, signal), readStack(project, signal)])
  return choosePrevious(updates, services, names)
}

/**
 * Chooses by what runs now, and not by recorded results: an update that was rolled back has another version than the one
 * that runs, and one whose command was killed may have updated some services only.
 * @param names empty: the services of the newest update of which something runs
 */
export function choosePrevious(
  updates: StoredUpdate[],
  services: SwarmService[],
  names: string[],
): PreviousVersion[] {
  const found = services.flatMap(service => {
    const version = findVersionBefore(updates, service)
    return version ? [version] : []
  })
  const ids = found.map(({update}) => update)
  const last = updates.find(({id}) => ids.includes(id))?.id
  return found.filter(({service, update}) => (names.length > 0 ? names.includes(service) : update === last))
}

/**
 * Returns what ran before the newest update that led to the version that runs. If that has created the service, older
 * updates are those of a service that has been removed, whose networks and secrets no longer exist.
 */
function findVersionBefore(updates: StoredUpdate[], service: SwarmService): PreviousVersion | undefined {
  const name = shortName(service)
  const {Labels: running} = service.Spec
  const madeIt = (change: RecordedChange): boolean =>
    change.service === name && change.to.Labels[LABEL.spec] === running[LABEL.spec]
  const update = updates.find(({changes}) => changes.some(madeIt))
  const from = update?.changes.find(madeIt)?.from
  if (!update || !from) return undefined
  return {service: name, from: running[LABEL.image]!, to: from.Labels[LABEL.image]!, update: update.id}
}

/** Applies the specifications that the history has; the images must still exist. */
export async function rollBack(versions: PreviousVersion[], options: Deployment): Promise<void> {
  const {project, signal} = options
  await withSwarmLock(project, 'env:rollback', {
    signal,
    async work(held) {
      const [updates, stack] = await Promise.all([readUpdates(project, held), readStack(project, held)])
      const steps = versions.map(({service: name, update}) => {
        const service = serviceOf(stack, name)
        return {name, spec: toApply(specOf(updates, update, name), service), service}
      })
      // Before anything is stopped: an image may have been removed since.
      await requireImages(changedSpecs(steps), {...options, signal: held})
      await runSteps(steps, {command: 'env:rollback'}, {...options, signal: held})
    },
  })
}

/**
 * This version has run before, so nobody has to wait until it has proven itself. The number of containers is that of now:
 * the service may have been stopped when the update began.
 */
function toApply(spec: ServiceSpec, service: SwarmService | undefined): ServiceSpec {
  const started = asStarted(spec)
  const now = service && asStarted(service.Spec as ServiceSpec)
  return {
    ...started,
    ...(now && {Mode: now.Mode}),
    ...(spec.UpdateConfig && {UpdateConfig: {...spec.UpdateConfig, Monitor: 5e9}}),
  }
}

function specOf(updates: StoredUpdate[], id: string, service: string) {
  return updates.find(update => update.id === id)!.changes.find(change => change.service === service)!.from!
}

function serviceOf({services}: StackTasks, name: string) {
  return services.find(service => shortName(service) === name)
}
