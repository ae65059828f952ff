import {AquastreamError} from '../../../errors.js'
import type {UpdateResult} from '../../engine.js'
import type {SwarmService} from '../api/objects.js'
import {isLockLost} from '../cluster/lock.js'
import {versionOf} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {createService, readService, replicasOf, stopAndWait, updateService} from './apply.js'
import type {Deployment} from './ended.js'
import {isInterruption, type Step, waitUntilServing} from './update.js'

/** What came of a step: the result for the history, and the failure that the command reports. */
interface Outcome {
  result: UpdateResult
  failure?: unknown
}

/** How long an old version may need until it is healthy again, in ms, although the command has already ended. */
const RESTORE_MS = 180_000

/** The same after an interruption, in ms, for the request alone. */
const HURRY_MS = 2000

/**
 * Brings a data service to its specification. Two of its containers must never run on one volume, so the old one has to be
 * gone before the new one is created. Whatever happens after that, an interruption included, the old specification runs
 * again.
 *
 * A command that is killed in between leaves the service at 0; the next start continues.
 */
export async function replaceDataService(step: Step, deployment: Deployment): Promise<Outcome> {
  const {name, spec, service} = step
  if (!service) {
    try {
      await createService(spec, deployment)
      await waitUntilServing({name, spec, version: versionOf(spec.TaskTemplate)}, deployment)
      return {result: 'completed'}
    } catch (failure) {
      return {result: 'failed', failure}
    }
  }
  const before = asStarted((await readService(service.ID, deployment.signal)).Spec)
  try {
    await stopAndWait([service], deployment)
    const version = await updateService(await readService(service.ID, deployment.signal), spec, deployment)
    await waitUntilServing({name, spec, version}, deployment)
    return {result: 'completed'}
  } catch (failure) {
    // Another command may change the service by now.
    if (isLockLost(deployment.signal)) return {result: 'unknown', failure}
    return isInterruption(deployment.signal)
      ? restoreAtOnce({before, service}, failure, deployment.project)
      : restore({name, before, service}, failure, deployment.project)
  }
}

/**
 * Asks Swarm for the old specification without any wait, because a command that was interrupted ends within seconds. The
 * guard of the volume lets the old container wait until the other one has ended.
 */
async function restoreAtOnce(
  {before, service}: {before: ServiceSpec; service: SwarmService},
  failure: unknown,
  project: string,
): Promise<Outcome> {
  const hurried = {project, signal: AbortSignal.timeout(HURRY_MS)}
  try {
    await updateService(await readService(service.ID, hurried.signal), before, hurried)
    return {result: 'unknown', failure}
  } catch {
    return {result: 'failed', failure}
  }
}

/** Returns to the specification before, and says in the failure what runs now. */
async function restore(
  {name, before, service}: {name: string; before: ServiceSpec; service: SwarmService},
  failure: unknown,
  project: string,
): Promise<Outcome> {
  const patient = {project, signal: AbortSignal.timeout(RESTORE_MS)}
  const image = before.Labels[LABEL.image] ?? 'its old version'
  try {
    const now = await readService(service.ID, patient.signal)
    const isSame = versionOf(now.Spec.TaskTemplate) === versionOf(before.TaskTemplate)
    // The new container has to be gone, and also an old one that is still stopping.
    if (!isSame || replicasOf(now.Spec) === 0) await stopAndWait([service], patient)
    const version = await updateService(await readService(service.ID, patient.signal), before, patient)
    await waitUntilServing({name, spec: before, version}, patient)
    return {result: 'rolled back', failure: withFate(failure, `; it was rolled back and runs ${image}`)}
  } catch {
    const fate = `; it could not be returned to ${image} and does not run`
    return {result: 'failed', failure: withFate(failure, fate)}
  }
}

function withFate(failure: unknown, fate: string): unknown {
  if (!(failure instanceof AquastreamError) || failure.exitCode >= 130) return failure
  const {code, message, hint, evidence} = failure
  return new AquastreamError(code, message + fate, {hint, evidence, cause: failure})
}

/** A service that was stopped, or left at 0 by a command that was killed, gets its containers back. */
export function asStarted(spec: ServiceSpec): ServiceSpec {
  const {[LABEL.replicas]: replicas = '1', ...labels} = spec.Labels
  const isStopped = 'Replicated' in spec.Mode && replicasOf(spec) === 0
  return {
    ...spec,
    Labels: labels,
    ...(isStopped && {Mode: {Replicated: {Replicas: Number(replicas)}}}),
  }
}
