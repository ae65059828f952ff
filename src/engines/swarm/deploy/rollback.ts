import type {PreviousVersion} from '../../engine.js'
import {findPrevious as findPreviousIn} from '../../previous.js'
import type {SwarmService} from '../objects.js'
import {withSwarmLock} from '../cluster/lock.js'
import {readUpdates, type StoredUpdate} from '../cluster/history.js'
import {findService, readStack, shortName} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {asStarted} from './data.js'
import type {Deployment} from './ended.js'
import {requireImages} from '../nodes/images.js'
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

/** Chooses the versions to which a rollback returns, see findPrevious of engines/previous.ts. */
export function choosePrevious(
  updates: StoredUpdate[],
  services: SwarmService[],
  names: string[],
): PreviousVersion[] {
  const running = new Map(services.map(service => [shortName(service), service.Spec.Labels]))
  const found = findPreviousIn(
    updates,
    names,
    (name, {Labels: labels}) => labels[LABEL.spec] === running.get(name)?.[LABEL.spec],
  )
  return found.map(({service, from, update}) => ({
    service,
    from: running.get(service)![LABEL.image]!,
    to: from.Labels[LABEL.image]!,
    update,
  }))
}

/** Applies the specifications that the history has; the images must still exist. */
export async function rollBack(versions: PreviousVersion[], options: Deployment): Promise<void> {
  const {project, signal} = options
  await withSwarmLock(project, 'env:rollback', {
    signal,
    async work(held) {
      const [updates, stack] = await Promise.all([readUpdates(project, held), readStack(project, held)])
      const steps = versions.map(({service: name, update}) => {
        const service = findService(stack.services, name)
        return {name, spec: toApply(specOf(updates, update, name), service), service}
      })
      // Before anything is stopped: an image may have been removed since.
      await requireImages(changedSpecs(steps), {...options, signal: held})
      await runSteps(steps, {command: 'env:rollback'}, {...options, signal: held})
    },
  })
}

/**
 * This version has run before, so Swarm need not watch it for long. The number of containers is that of now:
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
