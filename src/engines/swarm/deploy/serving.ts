import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../../errors.js'
import type {SwarmService} from '../objects.js'
import {findService, hasFailed, isServing, readStack, versionOf} from '../cluster/services.js'
import type {ServiceSpec} from '../translate/spec.js'
import {explainTask} from './explain.js'
import {replicasOf} from './apply.js'
import {type Deployment, POLL_MS} from './ended.js'
import {surviveOutage} from './outage.js'

/** A service to create or to change. */
export interface Step {
  name: string
  spec: ServiceSpec
  /** The service as it is; undefined if it does not exist. */
  service: SwarmService | undefined
}

/** Returns whether the user, and not a timeout or a failure, has ended the command. */
export function isInterruption({aborted, reason}: AbortSignal): boolean {
  return aborted && reason instanceof AquastreamError
}

/** Swarm restarts a task for ever; this many failures are no accident. */
export const FAILURES = 2

/**
 * Waits until enough tasks of this version are healthy. Failures from before the wait do not count: Swarm keeps the last
 * tasks of each slot, also those of an earlier command.
 * @throws service-failed: they fail again and again
 */
export async function waitUntilServing(
  {name, spec, version}: {name: string; spec: ServiceSpec; version: string},
  deployment: Deployment,
): Promise<void> {
  const {project, signal} = deployment
  let old: Set<string> | undefined
  for (;;) {
    const {services, tasks} = await surviveOutage(() => readStack(project, signal), signal)
    const id = findService(services, name)?.ID
    const ours = tasks.filter(task => task.ServiceID === id && versionOf(task.Spec) === version)
    if (ours.filter(isServing).length >= replicasOf(spec)) return
    old ??= new Set(ours.filter(hasFailed).map(({ID}) => ID))
    const failed = ours.filter(task => hasFailed(task) && !old!.has(task.ID))
    if (failed.length >= FAILURES) {
      const {sentence, hint, evidence} = await explainTask(name, failed[0]!, signal)
      throw new AquastreamError('service-failed', `${name} cannot start: ${sentence}`, {hint, evidence})
    }
    await sleep(POLL_MS, undefined, {signal})
  }
}
