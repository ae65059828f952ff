import type {ServiceState} from '../../stack/state.js'
import type {Diagnosis} from '../engine.js'
import {logEvidence} from '../evidence.js'
import {findService, hasFailed, readStack, versionOf} from './cluster/services.js'
import {explainTask} from './deploy/explain.js'
import {readTaskLog} from './logs/task-log.js'

/** Finds out why a service does not become healthy: by its last task that failed, otherwise by its newest. */
export async function diagnose(project: string, {service}: ServiceState): Promise<Diagnosis> {
  const {signal} = new AbortController()
  const {services, tasks} = await readStack(project, signal)
  const found = findService(services, service)
  if (!found) return {evidence: []}
  // Tasks of another version say nothing about the present one.
  const version = versionOf(found.Spec.TaskTemplate)
  const mine = tasks.filter(task => task.ServiceID === found.ID && versionOf(task.Spec) === version)
  const failed = mine.find(hasFailed)
  if (failed) {
    const {evidence, ...cause} = await explainTask(service, failed, signal)
    return {cause, evidence}
  }
  const [task] = mine
  if (!task) return {evidence: []}
  const {Err: error, Message: message} = task.Status
  const pending = task.Status.ContainerStatus ? [] : [error || message]
  const title = `what Swarm says about ${service}`
  return {
    evidence:
      pending.length > 0
        ? [{title, lines: pending}]
        : logEvidence(service, await readTaskLog(task.ID, signal)),
  }
}
