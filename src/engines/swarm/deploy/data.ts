import {AquastreamError, interruption} from '../../../errors.js'
import {finishFirst} from '../../../system/async/finish-first.js'
import type {UpdateResult} from '../../engine.js'
import type {SwarmService} from '../objects.js'
import {isLockLost} from '../cluster/lock.js'
import {versionOf} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {createService, readService, replicasOf, stopAndWait, updateService} from './apply.js'
import type {Deployment} from './ended.js'
import {surviveOutage} from './outage.js'
import {isInterruption, type Step, waitUntilServing} from './serving.js'

/** What came of a step: the result for the history, and the failure that the command reports. */
interface Outcome {
  result: UpdateResult
  failure?: unknown
}

/** How long the previous version may need until it is healthy again, in ms, although the command has already ended. */
const RESTORE_MS = 180_000

/** How long an interrupted command may take to ask for the previous version, in ms: the user waits for its end. */
const HURRY_MS = 10_000

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
  return finishFirst(async () => {
    try {
      await stopAndWait([service], deployment)
      const version = await updateService(await readService(service.ID, deployment.signal), spec, deployment)
      await waitUntilServing({name, spec, version}, deployment)
      return {result: 'completed'}
    } catch (error) {
      // Another command may change the service by now.
      if (isLockLost(deployment.signal)) return {result: 'unknown', failure: error}
      const failure = deployment.signal.aborted ? endOfTime(step, deployment.signal) : error
      return restore({name, before, service}, failure, deployment)
    }
  })
}

/** An aborted wait does not say whether the user or the time limit has ended it. */
function endOfTime({name, spec}: Step, signal: AbortSignal): AquastreamError {
  if (isInterruption(signal)) return signal.reason as AquastreamError
  const image = spec.Labels[LABEL.image]
  const message = `${name} was not updated to ${image}: it did not become healthy in time`
  return new AquastreamError('timeout', message, {
    hint: `allow more time with --timeout, or find the cause in its log: aquastream logs ${name}`,
  })
}

/**
 * Returns to the specification before, and says in the failure what runs now. After an interruption the old container is
 * only asked for.
 */
async function restore(
  {name, before, service}: {name: string; before: ServiceSpec; service: SwarmService},
  failure: unknown,
  {project, signal}: Deployment,
): Promise<Outcome> {
  const isHurried = isInterruption(signal)
  const patient = {project, signal: AbortSignal.timeout(isHurried ? HURRY_MS : RESTORE_MS)}
  const image = before.Labels[LABEL.image] ?? 'its previous version'
  let version
  try {
    version = await surviveOutage(() => askFor(before, service, patient), patient.signal)
  } catch {
    return {
      result: 'failed',
      failure: isHurried ? leftStopped(name, signal) : withFate(failure, NOT_RETURNED(image)),
    }
  }
  if (isHurried) return {result: 'rolled back', failure}
  try {
    await waitUntilServing({name, spec: before, version}, patient)
    return {result: 'rolled back', failure: withFate(failure, `; it was rolled back and runs ${image}`)}
  } catch {
    return {
      result: 'rolled back',
      failure: withFate(failure, `; it was rolled back to ${image}, which is not healthy yet`),
    }
  }
}

const NOT_RETURNED = (image: string): string => `; it could not be rolled back to ${image}, and does not run`

/** Asks Swarm for a specification once no container of the service is left. */
async function askFor(before: ServiceSpec, service: SwarmService, deployment: Deployment): Promise<string> {
  const now = await readService(service.ID, deployment.signal)
  const isSame = versionOf(now.Spec.TaskTemplate) === versionOf(before.TaskTemplate)
  // The new container has to be gone, and also an old one that is still stopping.
  if (!isSame || replicasOf(now.Spec) === 0) await stopAndWait([service], deployment)
  return updateService(await readService(service.ID, deployment.signal), before, deployment)
}

function leftStopped(name: string, signal: AbortSignal): AquastreamError {
  return interruption(
    signal,
    `${name} was being updated; it is stopped, because its previous version could not be started`,
    'start it now: aquastream env:up',
  )
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
