import {AquastreamError} from '../../../errors.js'
import {get, hasStatus} from '../../api/client.js'
import {servicesSchema, type SwarmService, type Task, tasksSchema} from '../objects.js'
import {findNodeProblem, readInfo} from './cluster.js'
import {LABEL} from '../translate/spec.js'

/** The services of a stack and their tasks, including those that have ended: Swarm keeps five of each slot. */
export interface StackTasks {
  services: SwarmService[]
  tasks: Task[]
}

/** The HTTP status of a node that is in no Swarm, or no manager. */
const NO_MANAGER = 503

/**
 * Reads the services of a stack and their tasks, newest first. A node in no Swarm has none.
 * @throws swarm-node: only a manager can read them
 */
export async function readStack(project: string, signal?: AbortSignal): Promise<StackTasks> {
  const filters = {label: [`${LABEL.project}=${project}`]}
  const read = Promise.all([
    get('/services', servicesSchema, {what: 'list services', params: {filters}, signal}),
    get('/tasks', tasksSchema, {what: 'list tasks', params: {filters}, signal}),
  ])
  const [services, tasks] = (await unlessInactive(read, signal)) ?? [[], []]
  return {services, tasks: tasks.sort((a, b) => b.CreatedAt.localeCompare(a.CreatedAt))}
}

/** Without Docker Engine no engine can change anything, and each of them reports the reason. */
const UNREACHABLE = ['engine-missing', 'engine-denied', 'engine-too-old']

/**
 * Returns the profile of each stack of the Swarm that this node manages; empty if it is in no Swarm. Any other failure is
 * an error: a stack that is not found would be started a second time by Compose, on the same volumes.
 * @throws swarm-node: this node is a worker, or its Swarm does not work; ApiError
 */
export async function stacksInSwarm(): Promise<Map<string, string>> {
  const params = {filters: {label: [LABEL.profile]}}
  try {
    const read = get('/services', servicesSchema, {what: 'list services', params})
    const services = (await unlessInactive(read)) ?? []
    return new Map(
      services.map(({Spec: {Labels: labels}}) => [labels[LABEL.project] ?? '', labels[LABEL.profile] ?? '']),
    )
  } catch (error) {
    if (error instanceof AquastreamError && UNREACHABLE.includes(error.code)) return new Map()
    throw error
  }
}

/** Returns what a manager answers, or undefined if this node is in no Swarm. */
async function unlessInactive<T>(answer: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (!hasStatus(error, NO_MANAGER)) throw error
    const info = await readInfo(signal)
    // A manager whose Swarm has no leader may answer with the same status.
    if (info.Swarm.LocalNodeState === 'inactive') return undefined
    const problem = findNodeProblem(info)
    throw problem ? new AquastreamError(problem.code, problem.message, {hint: problem.hint}) : error
  }
}

/** Lists the services of another stack with the same name, which `docker stack deploy` or another program has created. */
export async function listForeign(project: string, signal?: AbortSignal): Promise<string[]> {
  const params = {filters: {label: [`${LABEL.stack}=${project}`]}}
  const services = await get('/services', servicesSchema, {what: 'list services', params, signal})
  return services
    .filter(({Spec: {Labels: labels}}) => labels[LABEL.project] !== project)
    .map(({Spec: {Name: name}}) => name)
}

/** Returns the name of a service without the prefix of its stack. */
export function shortName({Spec: {Name: name, Labels: labels}}: SwarmService): string {
  return name.slice((labels[LABEL.project] ?? '').length + 1)
}

/** Finds a service by its name without the prefix of its stack. */
export function findService(services: SwarmService[], name: string): SwarmService | undefined {
  return services.find(service => shortName(service) === name)
}

/** The states of a task that has ended, see https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/ */
const ENDED = ['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']

/** Returns whether the container of a task has ended. A node that does not answer reports no end. */
export function hasEnded({Status: {State: state}}: Task): boolean {
  return ENDED.includes(state)
}

/** Returns whether a task ended by itself, and not because Swarm was asked to stop it. */
export function hasFailed({Status: {State: state}}: Task): boolean {
  return state === 'failed' || state === 'rejected' || state === 'complete'
}

/** Returns whether a task is meant to run and is healthy: with a health check, it is running only from then on. */
export function isServing({DesiredState: wanted, Status: {State: state}}: Task): boolean {
  return wanted === 'running' && state === 'running'
}

/** Distinguishes the tasks of two specifications, and those before and after a restart. */
export function versionOf({ContainerSpec: {Labels: labels}, ForceUpdate: restarts}: Version): string {
  return `${labels[LABEL.spec]}:${restarts ?? 0}`
}

interface Version {
  ContainerSpec: {Labels: Record<string, string>}
  ForceUpdate?: number
}

/** The states of an update that has ended well; a new service has had none. */
const SETTLED = [undefined, 'completed', 'rollback_completed']

/**
 * Returns whether an update of a service goes on, or has stopped half way, as after a command that was killed. The
 * specification is then the new one, while containers of the old one serve.
 */
export function isUnsettled({ID, UpdateStatus: update, Spec: spec}: SwarmService, tasks: Task[]): boolean {
  const version = versionOf(spec.TaskTemplate)
  const isOld = (task: Task): boolean =>
    task.ServiceID === ID && task.DesiredState === 'running' && versionOf(task.Spec) !== version
  return !SETTLED.includes(update?.State) || tasks.some(isOld)
}
