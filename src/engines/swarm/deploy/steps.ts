import type {AquastreamError} from '../../../errors.js'
import type {UpdateResult} from '../../engine.js'
import type {Network} from '../objects.js'
import {recordUpdate, type RecordedChange} from '../cluster/history.js'
import {isUnsettled, readStack, versionOf} from '../cluster/services.js'
import {listNetworks} from '../cluster/store.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {allEnded, createService, readService, replicasOf, updateService} from './apply.js'
import type {Deployment} from './ended.js'
import {asStarted, replaceDataService} from './data.js'
import {kindOf, rankOf} from './order.js'
import {isInterruption, type Step, waitUntilServing} from './serving.js'
import {healthy, Update} from './update.js'

/** How long Swarm watches new containers and may roll them back, in ms, see updatesOf; nothing is late meanwhile. */
const MONITOR_MS = 120_000

/** Records the result of a service. */
type Note = (service: string, result: UpdateResult) => Promise<void>

/**
 * Brings services to their specifications, data services first, and records it in the history.
 * @param options.between what has to be done when the data services are healthy
 * @param options.wait whether new backends are waited for; those that are updated always are
 * @throws service-failed: a service did not become healthy; what was updated before keeps running
 */
export async function runSteps(
  steps: Step[],
  {command, between, wait = true}: {command: string; between?: () => Promise<void>; wait?: boolean},
  deployment: Deployment,
): Promise<void> {
  const changes = await changesOf(steps, deployment)
  const note = await recordUpdate(deployment.project, command, changes)
  const isData = ({name}: Step): boolean => kindOf(name) === 'infrastructure'
  deployment.deadline?.begin()
  await allEnded(steps.filter(isData).map(async step => bringUpData(step, note, deployment)))
  await between?.()
  const others = steps.filter(step => !isData(step)).sort((a, b) => rankOf(a.name) - rankOf(b.name))
  await createMissing(others, wait ? note : undefined, deployment)
  await updateBackends(others, note, deployment)
}

/** The networks of a recorded specification have names, because they can be created again with other IDs. */
export async function changesOf(steps: Step[], {project, signal}: Deployment): Promise<RecordedChange[]> {
  const changed = steps.filter(step => !isSame(step))
  const networks = await listNetworks(project, signal)
  return Promise.all(
    changed.map(async ({name, spec, service}) => ({
      service: name,
      from: service ? withNames(asStarted((await readService(service.ID, signal)).Spec), networks) : null,
      to: spec,
    })),
  )
}

function withNames(spec: ServiceSpec, networks: Network[]): ServiceSpec {
  const named = structuredClone(spec)
  for (const network of named.TaskTemplate.Networks ?? [])
    network.Target = networks.find(({Id: id}) => id === network.Target)?.Name ?? network.Target
  return named
}

/** Returns the specifications that replace containers or create some, also those that only add more of the same. */
export function changedSpecs(steps: Step[]): ServiceSpec[] {
  return steps.filter(step => !isUnchanged(step)).map(({spec}) => spec)
}

function isUnchanged({spec, service}: Step): boolean {
  return isSame({spec, service}) && service?.Spec.Mode.Replicated?.Replicas === replicasOf(spec)
}

/** Returns whether the containers may stay as they are, although their number may be another. */
function isSame({spec, service}: Pick<Step, 'spec' | 'service'>): boolean {
  return service?.Spec.Labels[LABEL.spec] === spec.Labels[LABEL.spec]
}

async function bringUpData(step: Step, note: Note, deployment: Deployment): Promise<void> {
  const {service, name} = step
  if (service && isUnchanged(step)) {
    const version = versionOf((await readService(service.ID, deployment.signal)).Spec.TaskTemplate)
    return waitUntilServing({...step, version}, deployment)
  }
  const {result, failure} = await replaceDataService(step, deployment)
  await note(name, result)
  if (failure !== undefined) throw failure as Error
}

/** Creates what is missing at once, and waits for it if there is somebody to tell. */
async function createMissing(steps: Step[], note: Note | undefined, deployment: Deployment): Promise<void> {
  deployment.deadline?.begin()
  const missing = steps.filter(({service}) => !service)
  await allEnded(
    missing.map(async step => {
      await createService(step.spec, deployment)
      const version = versionOf(step.spec.TaskTemplate)
      if (note) await waitForNew({...step, version}, note, deployment)
    }),
  )
}

/**
 * Updates what has changed one after the other, each when the one before is healthy; the times in which Swarm still rolls
 * back a failure overlap.
 */
async function updateBackends(steps: Step[], note: Note, deployment: Deployment): Promise<void> {
  const {deadline} = deployment
  const begun: Update[] = []
  await allEnded(steps.map(async step => scale(step, deployment)))
  const failure = await updateInOrder(steps, begun, {note, deployment}).catch((error: unknown) => error)
  // Without time, or after an interruption, nothing can be followed; the history derives the results.
  if (failure !== undefined && deployment.signal.aborted) throw failure as Error
  deadline?.begin(MONITOR_MS)
  const first = (await followAll(begun, note)) ?? failure
  if (first !== undefined) throw first as Error
}

/**
 * Updates one service after another up to the first failure.
 * @param begun gets the updates that Swarm was asked for
 * @returns why the last one was not updated; undefined if all are healthy
 */
async function updateInOrder(
  steps: Step[],
  begun: Update[],
  {note, deployment}: {note: Note; deployment: Deployment},
): Promise<AquastreamError | undefined> {
  const {tasks} = await readStack(deployment.project, deployment.signal)
  for (const step of steps) {
    if (!step.service || isScaled(step) || (isUnchanged(step) && !isUnsettled(step.service, tasks))) continue
    deployment.deadline?.begin()
    const update = new Update({...step, service: step.service}, deployment)
    await update.begin()
    begun.push(update)
    const failure = await healthy(update, deployment)
    if (!failure) continue
    await note(step.name, update.result)
    return failure
  }
  return undefined
}

/** Returns whether only the number of containers differs, as that of a service that was stopped. */
function isScaled(step: Step): boolean {
  return isSame(step) && !isUnchanged(step)
}

/** Changes the number of containers, and replaces none. */
async function scale(step: Step, deployment: Deployment): Promise<void> {
  const {name, spec, service} = step
  if (!service || !isScaled(step)) return
  const now = await readService(service.ID, deployment.signal)
  const scaled = {...asStarted(now.Spec), Mode: spec.Mode}
  const version = await updateService(now, scaled, deployment)
  await waitUntilServing({name, spec, version}, deployment)
}

/** A new service counts as completed when it is healthy. */
async function waitForNew(step: Step & {version: string}, note: Note, deployment: Deployment): Promise<void> {
  const {name} = step
  try {
    await waitUntilServing(step, deployment)
  } catch (error) {
    if (!isInterruption(deployment.signal)) await note(name, 'failed')
    throw error
  }
  await note(name, 'completed')
}

/**
 * Waits until Swarm rolls back none of the updates any more, records what came of them, and returns the first failure.
 */
async function followAll(updates: Update[], note: Note): Promise<AquastreamError | undefined> {
  const failures = await Promise.all(
    updates.map(async update => {
      const failure = await update.completed()
      await note(update.name, failure ? update.result : 'completed')
      return failure
    }),
  )
  return failures.find(failure => failure !== undefined)
}
