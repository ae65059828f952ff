import type {UpdateResult} from '../../engine.js'
import {LABEL} from '../translate/spec.js'
import type {RecordedChange, StoredUpdate} from './history.js'
import {findService, isServing, isUnsettled, type StackTasks} from './services.js'

/** What came of a change of an update. */
export interface DerivedResult {
  update: StoredUpdate
  service: string
  result: UpdateResult
}

/**
 * Finds what came of the changes whose command did not record it, because it was killed or did not wait. Only the newest
 * update of a service can be known by what runs now.
 * @param updates newest first
 */
export function deriveResults(updates: StoredUpdate[], stack: StackTasks): DerivedResult[] {
  const seen = new Set<string>()
  return updates.flatMap(update =>
    update.changes.flatMap(change => {
      const {service} = change
      const isNewest = !seen.has(service)
      seen.add(service)
      const isOpen = isNewest && (update.results[service] ?? 'unknown') === 'unknown'
      const result = isOpen ? resultOf(change, update.createdAt, stack) : undefined
      return result ? [{update, service, result}] : []
    }),
  )
}

/** Returns undefined while Swarm may still change the result, and if the update has not begun. */
function resultOf(
  {service: name, from, to}: RecordedChange,
  recordedAt: string,
  {services, tasks}: StackTasks,
): UpdateResult | undefined {
  const service = findService(services, name)
  if (!service) return undefined
  const version = service.Spec.Labels[LABEL.spec]
  const isReturned = from !== null && version === from.Labels[LABEL.spec]
  if (isReturned && service.UpdateStatus?.State === 'rollback_paused') return 'failed'
  const wanted = service.Spec.Mode.Replicated?.Replicas ?? 0
  const serving = tasks.filter(task => task.ServiceID === service.ID && isServing(task))
  if (wanted === 0 || serving.length < wanted || isUnsettled(service, tasks)) return undefined
  if (version === to.Labels[LABEL.spec]) return 'completed'
  // A manager sets both times, so they can be compared.
  const hasBegun = Date.parse(service.UpdatedAt) >= Date.parse(recordedAt)
  return isReturned && hasBegun ? 'rolled back' : undefined
}
