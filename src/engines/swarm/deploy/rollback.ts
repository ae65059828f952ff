import type {PreviousVersion} from '../../engine.js'
import type {SwarmService} from '../api/objects.js'
import {withSwarmLock} from '../cluster/lock.js'
import {readUpdates, type RecordedChange, type StoredUpdate} from '../cluster/history.js'
import {readStack, shortName, type StackTasks} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {asStarted} from './data.js'
import type {Deployment} from './ended.js'
import {runSteps} from './steps.js'

/** Finds what ran before the last completed update of each service; see History. */
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
  const running = new Map(services.map(service => [shortName(service), service.Spec.Labels]))
  const madeIt = ({service, from, to}: RecordedChange): boolean =>
    from !== null && to.Labels[LABEL.spec] === running.get(service)?.[LABEL.spec]
  const last = updates.find(({changes}) => changes.some(madeIt))
  const wanted = names.length > 0 ? names : (last?.changes ?? []).filter(madeIt).map(({service}) => service)
  return wanted.flatMap(service => {
    const isWanted = (change: RecordedChange): boolean => change.service === service && madeIt(change)
    const update = updates.find(({changes}) => changes.some(isWanted))
    const from = update?.changes.find(isWanted)?.from
    if (!update || !from) return []
    const image = running.get(service)![LABEL.image]!
    return [{service, from: image, to: from.Labels[LABEL.image]!, update: update.id}]
  })
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
