import type {PreviousVersion} from '../../engine.js'
import {withSwarmLock} from '../cluster/lock.js'
import {readUpdates, type StoredUpdate} from '../cluster/history.js'
import {readStack, shortName, type StackTasks} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {runSteps} from './steps.js'

/** Finds what ran before the last completed update of each service; see History. */
export async function findPrevious(
  project: string,
  names: string[],
  signal: AbortSignal,
): Promise<PreviousVersion[]> {
  const [updates, {services}] = await Promise.all([readUpdates(project, signal), readStack(project, signal)])
  const wanted = names.length > 0 ? names : lastUpdated(updates)
  return wanted.flatMap(service => {
    const current = services.find(candidate => shortName(candidate) === service)
    const hash = current?.Spec.Labels[LABEL.spec]
    // An update that was rolled back has another version than the one that runs.
    const update = updates.find(({changes}) =>
      changes.some(change => change.service === service && change.to.Labels[LABEL.spec] === hash),
    )
    const from = update?.changes.find(change => change.service === service)?.from
    if (!update || !from) return []
    return [
      {
        service,
        from: current!.Spec.Labels[LABEL.image]!,
        to: from.Labels[LABEL.image]!,
        update: update.id,
      },
    ]
  })
}

/** The services of the newest update that replaced an earlier version of any. */
function lastUpdated(updates: StoredUpdate[]): string[] {
  const isCompleted = ({results}: StoredUpdate, service: string): boolean => results[service] === 'completed'
  const last = updates.find(update =>
    update.changes.some(({from, service}) => from !== null && isCompleted(update, service)),
  )
  return last ? last.changes.map(({service}) => service).filter(name => isCompleted(last, name)) : []
}

/** Applies the specifications that the history has; the images must still exist. */
export async function rollBack(
  project: string,
  versions: PreviousVersion[],
  signal: AbortSignal,
): Promise<void> {
  await withSwarmLock(project, 'env:rollback', {
    signal,
    async work() {
      const [updates, stack] = await Promise.all([readUpdates(project, signal), readStack(project, signal)])
      const steps = versions.map(({service, update}) => ({
        name: service,
        spec: withoutMonitor(specOf(updates, update, service)),
        service: serviceOf(stack, service),
      }))
      await runSteps(steps, {command: 'env:rollback'}, {project, signal})
    },
  })
}

/** This version has run before, so nobody has to wait until it has proven itself. */
function withoutMonitor(spec: ServiceSpec): ServiceSpec {
  return spec.UpdateConfig ? {...spec, UpdateConfig: {...spec.UpdateConfig, Monitor: 5e9}} : spec
}

function specOf(updates: StoredUpdate[], id: string, service: string) {
  return updates.find(update => update.id === id)!.changes.find(change => change.service === service)!.from!
}

function serviceOf({services}: StackTasks, name: string) {
  return services.find(service => shortName(service) === name)
}
