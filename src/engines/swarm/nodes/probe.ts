import {setTimeout as sleep} from 'node:timers/promises'
import * as z from '../../../system/zod.js'
import {get, post, remove} from '../../api/client.js'
import {type Node, tasksSchema} from '../objects.js'
import {isAvailable, listNodes} from '../cluster/cluster.js'
import {registryAuth} from '../cluster/registry-auth.js'
import {hasFailed} from '../cluster/services.js'
import {type Deployment, POLL_MS} from '../deploy/ended.js'
import {LABEL, labelsOf, onlyOn} from '../translate/spec.js'

/** A short-lived container on every node that the constraints allow. */
export interface Probe {
  /** The name of its service. */
  name: string
  /** The image as the settings name it, and its digest or ID. */
  image: string
  pinned: string
  constraints: string[]
  command: string[]
  /** The ID of an overlay network that its containers join. */
  network?: string
  /** Whether its containers run until they are removed. */
  stays?: boolean
}

/** A node that has not answered after this time, in ms, is given up; one that pulls the image is not. */
export const ANSWER_MS = 60_000

const probeTasks = z.array(
  tasksSchema.element.extend({
    UpdatedAt: z.string().default(''),
    NetworksAttachments: z.array(z.object({Addresses: z.array(z.string()).nullish()})).nullish(),
  }),
)
export type ProbeTask = z.infer<typeof probeTasks>[number]

/** Runs a probe while work is done, and removes it. */
export async function withProbe<T>(
  probe: Probe,
  {project, signal}: Deployment,
  work: (id: string) => Promise<T>,
): Promise<T> {
  const {name, image, pinned, constraints, command, network, stays = false} = probe
  await remove(`/services/${name}`, {what: 'remove a probe', signal})
  const body = {
    Name: name,
    Labels: {...labelsOf(project), [LABEL.kind]: 'probe'},
    TaskTemplate: {
      ContainerSpec: {
        Image: pinned,
        Labels: labelsOf(project),
        Command: command,
        // Otherwise a program that ignores SIGTERM ends only after ten seconds.
        Init: true,
        ReadOnly: true,
        CapabilityDrop: ['ALL'],
      },
      RestartPolicy: {Condition: 'none'},
      Placement: {Constraints: constraints},
      ...(network !== undefined && {Networks: [{Target: network}]}),
    },
    Mode: stays ? {Global: {}} : {GlobalJob: {}},
    EndpointSpec: {Mode: 'dnsrr'},
  }
  const headers = await registryAuth(image, signal)
  const id = await post('/services/create', body, {what: `run ${image} on every node`, headers, signal})
  try {
    return await work(id)
  } finally {
    await remove(`/services/${id}`, {what: 'remove a probe'})
  }
}

/** Returns whether a node takes part, runs tasks and has the labels of the constraints, see onlyOn. */
export function mayRun(node: Node, constraints: string[]): boolean {
  const labels = Object.entries(node.Spec.Labels).flatMap(([label, value]) =>
    value === 'true' ? [onlyOn(label)] : [],
  )
  return isAvailable(node) && constraints.every(constraint => labels.includes(constraint))
}

/**
 * Returns the tasks of a probe that have answered, when each node has one, or when a node has had enough time. A pull may take
 * any time, but a node that no longer answers the managers does not pull. Swarm can give a node a second task of a job,
 * which then has no answer.
 * @param hasAnswered by default, a task has answered when it has ended by itself
 */
export async function waitForAnswers(
  id: string,
  {nodes, hasAnswered = hasFailed}: {nodes: Node[]; hasAnswered?: (task: ProbeTask) => boolean},
  {signal, deadline: limit}: Pick<Deployment, 'signal' | 'deadline'>,
): Promise<ProbeTask[]> {
  const params = {filters: {service: [id]}}
  let deadline = performance.now() + ANSWER_MS
  for (;;) {
    const tasks = await get('/tasks', probeTasks, {what: 'list tasks', params, signal})
    const answers = tasks.filter(hasAnswered)
    if (nodes.every(({ID}) => answers.some(({NodeID}) => NodeID === ID))) return answers
    if (performance.now() > deadline) return answers
    const pulling = tasks.filter(({Status: {State: state}}) => state === 'preparing')
    if (pulling.length > 0 && isAnyReady(pulling, await listNodes(signal))) {
      deadline = performance.now() + ANSWER_MS
      limit?.begin()
    }
    await sleep(POLL_MS, undefined, {signal})
  }
}

function isAnyReady(tasks: ProbeTask[], nodes: Node[]): boolean {
  const ready = nodes.filter(({Status: {State: state}}) => state === 'ready').map(({ID}) => ID)
  return tasks.some(({NodeID}) => ready.includes(NodeID))
}
