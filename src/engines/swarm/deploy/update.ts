import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../../errors.js'
import type {UpdateResult} from '../../engine.js'
import type {SwarmService, Task} from '../objects.js'
import {hasFailed, isServing, readStack, versionOf} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {logEvidence} from '../../evidence.js'
import {readTaskLog} from '../logs/task-log.js'
import {explainTask} from './explain.js'
import {readService, replicasOf, updateService} from './apply.js'
import {type Deployment, POLL_MS} from './ended.js'
import {surviveOutage} from './outage.js'
import {FAILURES, isInterruption, type Step, waitUntilServing} from './serving.js'

/** The states of an update that Swarm continues by itself. */
const IN_PROGRESS = ['updating', 'rollback_started']

const ROLLED_BACK = ['rollback_completed', 'rollback_paused']

/** How long a return to the previous version may take, in ms, although the time of the command is over. */
const RETURN_MS = 90_000

/** A restart has the specification that runs already, with a higher counter. */
function isRestart({TaskTemplate: wanted}: ServiceSpec, {TaskTemplate: now}: ServiceSpec): boolean {
  return (wanted.ForceUpdate ?? 0) > (now.ForceUpdate ?? 0)
}

/** The update of a backend. Swarm makes it, and rolls it back if the new containers fail. */
export class Update {
  /** The version of the new tasks. */
  #version = ''
  #before: ServiceSpec | undefined
  /** The tasks of earlier updates; one may have had the same version. */
  #old = new Set<string>()
  /** Whether the previous version is asked for again. */
  #hasReturned = false
  /** Whether the previous version is healthy again. */
  #isBack = false
  /** Whether Swarm is rolling back to the version that is wanted. */
  #isReturning = false
  #failure: AquastreamError | undefined

  constructor(
    private readonly step: Step & {service: SwarmService},
    private readonly deployment: Deployment,
  ) {}

  get name(): string {
    return this.step.name
  }

  /** What came of it, if it has failed. */
  get result(): UpdateResult {
    return this.#hasReturned ? 'rolled back' : 'failed'
  }

  /** Asks Swarm for the update, unless a command that was killed has already done so. */
  async begin(): Promise<void> {
    const {service, spec} = this.step
    const now = await readService(service.ID, this.deployment.signal)
    const isAsked = now.Spec.Labels[LABEL.spec] === spec.Labels[LABEL.spec] && !isRestart(spec, now.Spec)
    const state = now.UpdateStatus?.State ?? ''
    this.#before = isAsked ? now.PreviousSpec : now.Spec
    const {tasks} = await readStack(this.deployment.project, this.deployment.signal)
    this.#old = new Set(tasks.filter(hasFailed).map(({ID}) => ID))
    this.#isReturning = isAsked && state === 'rollback_started'
    this.#version =
      isAsked && IN_PROGRESS.includes(state)
        ? versionOf(now.Spec.TaskTemplate)
        : await updateService(now, spec, this.deployment)
  }

  /** Waits until the new containers serve alone; returns why they were rolled back, if they were. */
  healthy(): Promise<AquastreamError | undefined> {
    return this.#wait(({serving}) => serving)
  }

  /** Waits until Swarm no longer rolls back what fails; returns as `healthy` does. */
  completed(): Promise<AquastreamError | undefined> {
    return this.#wait(({serving, state}) => serving && state !== 'updating')
  }

  /** Returns to the previous version, because the time limit has passed while Swarm still waits. */
  async giveUp(): Promise<AquastreamError> {
    const {name} = this.step
    const {project} = this.deployment
    await this.#return({project, signal: AbortSignal.timeout(RETURN_MS)})
    const signal = AbortSignal.timeout(RETURN_MS)
    const {tasks} = await readStack(project, signal)
    const task = tasks.find(candidate => versionOf(candidate.Spec) === this.#version)
    const log = task ? await readTaskLog(task.ID, signal) : []
    return new AquastreamError(
      'timeout',
      `${this.#what()}: it did not become healthy in time; ${this.#fate()}`,
      {
        hint: `allow more time with --timeout, or find the cause in its log: aquastream logs ${name}`,
        evidence: logEvidence(name, log),
      },
    )
  }

  async #return(deployment: Deployment): Promise<void> {
    const {ID: id} = this.step.service
    const before = this.#before
    if (!before) return
    const ask = async () => updateService(await readService(id, deployment.signal), before, deployment)
    const version = await surviveOutage(ask, deployment.signal)
    this.#hasReturned = true
    this.#isBack = await this.#servesAgain(before, version, deployment)
  }

  /** Nothing serves meanwhile if the update has stopped the old container first, or if the old one was broken as well. */
  async #servesAgain(before: ServiceSpec, version: string, deployment: Deployment): Promise<boolean> {
    const {project, signal} = deployment
    const {name, service} = this.step
    try {
      const {tasks} = await readStack(project, signal)
      // A restart that never became healthy may have left the old container, which has a lower counter.
      const isOld = ({ServiceID, Spec: spec}: Task): boolean =>
        ServiceID === service.ID && spec.ContainerSpec.Labels[LABEL.spec] === before.Labels[LABEL.spec]
      if (tasks.filter(task => isOld(task) && isServing(task)).length >= replicasOf(before)) return true
      await waitUntilServing({name, spec: before, version}, deployment)
      return true
    } catch {
      return false
    }
  }

  async #wait(
    isDone: (now: {serving: boolean; state: string | undefined}) => boolean,
  ): Promise<AquastreamError | undefined> {
    const {project, signal} = this.deployment
    const {service, spec} = this.step
    for (;;) {
      if (this.#failure) return this.#failure
      const {services, tasks} = await surviveOutage(() => readStack(project, signal), signal)
      const state = services.find(({ID}) => ID === service.ID)?.UpdateStatus?.State
      const mine = tasks.filter(({ServiceID}) => ServiceID === service.ID)
      if (!this.#isReturning && state !== undefined && ROLLED_BACK.includes(state)) {
        this.#hasReturned = state === 'rollback_completed'
        this.#isBack = this.#hasReturned
        this.#failure = await this.#explain(mine)
        return this.#failure
      }
      // Where nothing ran before, Swarm has nothing to roll back to, and tries again for ever.
      if (!IN_PROGRESS.includes(state ?? '') && this.#failedOf(mine).length >= FAILURES) {
        const patient = AbortSignal.any([signal, AbortSignal.timeout(RETURN_MS)])
        await this.#return({project, signal: patient})
        this.#failure = await this.#explain(mine)
        return this.#failure
      }
      const live = mine.filter(({DesiredState: desired}) => desired === 'running')
      const serving =
        live.filter(isServing).length >= replicasOf(spec) &&
        live.every(task => versionOf(task.Spec) === this.#version)
      if (isDone({serving, state})) return undefined
      await sleep(POLL_MS, undefined, {signal})
    }
  }

  async #explain(tasks: Task[]): Promise<AquastreamError> {
    const {name} = this.step
    const [failed] = this.#failedOf(tasks)
    const cause = failed && (await explainTask(name, failed, this.deployment.signal))
    const why = cause?.sentence ?? 'it did not become healthy'
    return new AquastreamError('service-failed', `${this.#what()}: ${why}; ${this.#fate()}`, {
      hint: cause?.hint ?? `full log: aquastream logs ${name}`,
      evidence: cause?.evidence ?? [],
    })
  }

  #failedOf(tasks: Task[]): Task[] {
    return tasks.filter(
      task => hasFailed(task) && !this.#old.has(task.ID) && versionOf(task.Spec) === this.#version,
    )
  }

  #what(): string {
    const {name, spec} = this.step
    const [image, before] = [spec.Labels[LABEL.image], this.#before?.Labels[LABEL.image]]
    return image === before ? `${name} could not be replaced` : `${name} was not updated to ${image}`
  }

  #fate(): string {
    const before = this.#before?.Labels[LABEL.image] ?? 'the previous version'
    if (this.#hasReturned && this.#before && replicasOf(this.#before) === 0) return 'it is stopped, as before'
    if (!this.#hasReturned) return `its rollback to ${before} has failed as well, see env:status`
    return this.#isBack
      ? `it was rolled back and runs ${before}`
      : `it was rolled back to ${before}, which is not healthy yet`
  }
}

/**
 * Waits until an update is healthy, and returns it to the previous version when the time limit of the command has passed.
 * @returns why it was not updated; undefined if it was
 */
export async function healthy(update: Update, {signal}: Deployment): Promise<AquastreamError | undefined> {
  try {
    return await update.healthy()
  } catch (error) {
    if (!signal.aborted || isInterruption(signal)) throw error
    return update.giveUp()
  }
}
