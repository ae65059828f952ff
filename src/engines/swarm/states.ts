import {setTimeout as sleep} from 'node:timers/promises'
import type {ServiceState} from '../../stack/state.js'
import type {WatchOptions} from '../engine.js'
import type {Node, SwarmService, Task} from './objects.js'
import {listNodes} from './cluster/cluster.js'
import {hasEnded, hasFailed, isServing, readStack, shortName, type StackTasks} from './cluster/services.js'
import {POLL_MS} from './deploy/ended.js'
import {surviveOutage} from './deploy/outage.js'
import {LABEL} from './translate/spec.js'

/** Returns the state of each service of a stack. */
export async function readStates(project: string, signal?: AbortSignal): Promise<ServiceState[]> {
  const stack = await readStack(project, signal)
  return stack.services.length > 0 ? toStates(stack, await listNodes(signal)) : []
}

/** Returns the state of each service of a stack that has been read. */
export function toStates({services, tasks}: StackTasks, nodes: Node[]): ServiceState[] {
  return services.map(service =>
    toState(
      service,
      tasks.filter(({ServiceID}) => ServiceID === service.ID),
      nodes,
    ),
  )
}

/** @param tasks those of the service, newest first */
function toState(service: SwarmService, tasks: Task[], nodes: Node[]): ServiceState {
  const {Labels: labels, Mode: mode, TaskTemplate: template} = service.Spec
  const wanted = mode.Replicated?.Replicas ?? 1
  const serving = tasks.filter(isServing)
  const alive = tasks.filter(({DesiredState: desired}) => desired === 'running' || desired === 'ready')
  const [task] = [...serving, ...alive, ...tasks]
  const failures = tasks.filter(
    candidate => hasFailed(candidate) && Date.parse(candidate.CreatedAt) >= Date.parse(service.UpdatedAt),
  )
  const failure = failures[0]
  // While enough containers serve, failures of others are those of an update, which ends by itself.
  const isUp = wanted > 0 && serving.length >= wanted
  const failedTasks = isUp ? [] : failures.map(({ID}) => ID)
  return {
    service: shortName(service),
    id: `${service.ID}:${labels[LABEL.spec] ?? ''}:${template.ForceUpdate}`,
    profile: labels[LABEL.profile],
    ...stateOf({wanted, serving, task, tasks}),
    since: task?.Status.Timestamp,
    changedAt: service.UpdatedAt,
    restarts: failedTasks.length,
    failedTasks,
    exitCode: failure?.Status.ContainerStatus?.ExitCode ?? (task ? 0 : undefined),
    outOfMemory: false,
    failedChecks: 0,
    healthOutput: '',
    // What serves, which is not what was asked for while an update goes on.
    image: (serving[0]?.Spec.ContainerSpec.Labels ?? labels)[LABEL.image] ?? template.ContainerSpec.Image,
    imageId: (serving[0]?.Spec ?? template).ContainerSpec.Image,
    stub: false,
    published: publishedOf(service, task, nodes),
    tasks: alive.map(({NodeID, Status: {State: state}}) => ({
      node: nodes.find(({ID}) => ID === NodeID)?.Description.Hostname ?? null,
      state,
    })),
    update: service.UpdateStatus?.State ?? null,
  }
}

/**
 * A task is running only when its check has succeeded; it is starting before that. Between two tasks of a service that fails
 * again and again, Swarm waits.
 */
function stateOf({
  wanted,
  serving,
  task,
  tasks,
}: {
  wanted: number
  serving: Task[]
  task: Task | undefined
  tasks: Task[]
}): Pick<ServiceState, 'state' | 'health'> {
  if (wanted === 0) return {state: tasks.every(hasEnded) ? 'exited' : 'stopping', health: 'none'}
  if (serving.length >= wanted) return {state: 'running', health: 'healthy'}
  if (serving.length > 0 || task?.Status.State === 'starting') return {state: 'running', health: 'starting'}
  const last = tasks.find(hasEnded)
  return {state: last && hasFailed(last) ? 'restarting' : 'pending', health: 'none'}
}

/** Host ports are open on the nodes of the tasks, on every address of them. */
function publishedOf(
  {Spec: spec}: SwarmService,
  task: Task | undefined,
  nodes: Node[],
): ServiceState['published'] {
  const address = nodes.find(({ID}) => ID === task?.NodeID)?.Status.Addr
  if (address === undefined) return {}
  const ports = spec.EndpointSpec?.Ports ?? []
  return Object.fromEntries(
    ports.map(({TargetPort: target, PublishedPort: published}) => [target, `${address}:${published}`]),
  )
}

/** Yields the states now and again whenever one has changed, until the signal aborts. Managers that restart are waited for. */
export async function* watchStates(
  project: string,
  {pace}: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<ServiceState[]> {
  let last = ''
  try {
    while (!signal.aborted) {
      const states = await surviveOutage(() => readStates(project, signal), signal)
      const text = JSON.stringify(states)
      if (text !== last) yield states
      last = text
      await sleep(Math.max(pace, POLL_MS), undefined, {signal})
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
