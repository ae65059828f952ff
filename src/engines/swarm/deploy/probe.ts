import {setTimeout as sleep} from 'node:timers/promises'
import {type Problem, throwProblems} from '../../../errors.js'
import * as z from '../../../system/zod.js'
import {get, hasStatus, post, remove} from '../../api/client.js'
import {type Node, type Task, tasksSchema} from '../objects.js'
import {isAvailable, listNodes, readInfo} from '../cluster/cluster.js'
import {registryAuth} from '../cluster/registry-auth.js'
import {hasEnded} from '../cluster/services.js'
import {LABEL, labelsOf, onlyOn, type ServiceSpec} from '../translate/spec.js'
import {type Deployment, POLL_MS} from './ended.js'

/** A node that has not answered after this time, in ms, is given up; one that pulls the image is not. */
const ANSWER_MS = 60_000

/** An image, and the nodes that have to have it. */
interface Need {
  pinned: string
  image: string
  constraints: string[]
  nodes: Node[]
}

/**
 * Checks that every node has the images of the services that it may run, or pulls them there. The scheduler does not know
 * which images a node has: it sent an update to a node without it every five seconds, and 256 of 394 requests failed.
 * @throws image-missing, with a problem for each image and node
 */
export async function requireImages(specs: ServiceSpec[], deployment: Deployment): Promise<void> {
  const {signal, project} = deployment
  const [{Swarm: swarm}, nodes] = await Promise.all([readInfo(signal), listNodes(signal)])
  const pinned = new Set(specs.map(({TaskTemplate: template}) => template.ContainerSpec.Image))
  const own = {id: swarm.NodeID, images: await listPresent([...pinned], signal)}
  const problems = needsOf(specs, nodes, own).map(async (need, index) =>
    findProblems({...need, name: `${project}_probe-${index}`}, {...deployment, own: own.id}),
  )
  throwProblems((await Promise.all(problems)).flat())
}

/** Returns those of the images that this node has. */
async function listPresent(images: string[], signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(
    images.map(async image => {
      try {
        await get(`/images/${image}/json`, z.unknown(), {what: `look for ${image}`, signal})
        return [image]
      } catch (error) {
        if (hasStatus(error, 404)) return []
        throw error
      }
    }),
  )
  return found.flat()
}

/**
 * Returns what has to be asked. Before a start this node has fetched every image; one of an earlier version may have been
 * removed since.
 * @param own the ID of this node, and the images that it has
 */
export function needsOf(specs: ServiceSpec[], nodes: Node[], own: {id: string; images: string[]}): Need[] {
  const needs = specs.map(({TaskTemplate: template, Labels: labels}) => {
    const {Constraints: constraints = []} = template.Placement ?? {}
    const isAllowed = (node: Node): boolean => constraints.every(constraint => mayRun(constraint, node))
    const allowed = nodes.filter(node => isAvailable(node) && isAllowed(node))
    return {pinned: template.ContainerSpec.Image, image: labels[LABEL.image]!, constraints, nodes: allowed}
  })
  const asked = needs.filter(({pinned, nodes: allowed}) =>
    allowed.some(({ID}) => ID !== own.id || !own.images.includes(pinned)),
  )
  return [...new Map(asked.map(need => [`${need.pinned} ${need.constraints.join()}`, need])).values()]
}

/** Returns whether a node has the label of a constraint, see onlyOn. */
function mayRun(constraint: string, {Spec: {Labels: labels}}: Node): boolean {
  return Object.entries(labels).some(([label, value]) => value === 'true' && onlyOn(label) === constraint)
}

function missing(image: string, {Description: {Hostname: node}}: Node): Problem {
  return {
    code: 'image-missing',
    message: `node ${node} does not have image ${image}, and cannot pull it`,
    hint: `load it there: docker save ${image} | ssh ${node} docker load; or push it to a registry that every node reaches`,
  }
}

function removed(image: string): Problem {
  return {
    code: 'image-missing',
    message: `this node no longer has the previous image of ${image}, and cannot pull it`,
    hint: 'load it again: docker load; or set the image of the service to a version that exists, and start it: aquastream env:up',
  }
}

function silent(image: string, {Description: {Hostname: node}}: Node): Problem {
  return {
    code: 'image-missing',
    message: `node ${node} did not say within ${ANSWER_MS / 1000} s whether it has image ${image}`,
    hint: `check the node: docker node ps ${node}; to update without it: docker node update --availability drain ${node}`,
  }
}

/** Runs a container of the image on every node; a node that cannot create it rejects its task. */
async function findProblems(
  {name, pinned, image, constraints, nodes}: Need & {name: string},
  {project, signal, deadline, own}: Deployment & {own: string},
): Promise<Problem[]> {
  await remove(`/services/${name}`, {what: 'remove a probe', signal})
  const body = {
    Name: name,
    Labels: {...labelsOf(project), [LABEL.kind]: 'probe'},
    TaskTemplate: {
      // Whether the image has this program does not matter: its container has been created before it is started.
      ContainerSpec: {
        Image: pinned,
        Labels: labelsOf(project),
        Command: ['true'],
        ReadOnly: true,
        CapabilityDrop: ['ALL'],
      },
      RestartPolicy: {Condition: 'none'},
      Placement: {Constraints: constraints},
    },
    Mode: {GlobalJob: {}},
  }
  const headers = await registryAuth(image)
  const id = await post('/services/create', body, {what: `look for ${image} on every node`, headers, signal})
  try {
    const tasks = await waitForAnswers(id, nodes, {signal, deadline})
    const taskOf = ({ID}: Node) => tasks.find(({NodeID}) => NodeID === ID)
    return nodes.flatMap(node => {
      const task = taskOf(node)
      if (!task || !hasEnded(task)) return [silent(image, node)]
      if (task.Status.State !== 'rejected') return []
      return [node.ID === own ? removed(image) : missing(image, node)]
    })
  } finally {
    await remove(`/services/${id}`, {what: 'remove a probe'})
  }
}

/**
 * Returns the tasks of a probe when they have ended, or when a node has had enough time. A pull may take any time, but a
 * node that no longer answers the managers does not pull.
 */
async function waitForAnswers(
  id: string,
  nodes: Node[],
  {signal, deadline: limit}: Pick<Deployment, 'signal' | 'deadline'>,
): Promise<Task[]> {
  const params = {filters: {service: [id]}}
  let deadline = performance.now() + ANSWER_MS
  for (;;) {
    const tasks = await get('/tasks', tasksSchema, {what: 'list tasks', params, signal})
    const hasAnswered = ({ID}: Node): boolean => tasks.some(task => task.NodeID === ID && hasEnded(task))
    if (nodes.every(hasAnswered) || performance.now() > deadline) return tasks
    const pulling = tasks.filter(({Status: {State: state}}) => state === 'preparing')
    if (pulling.length > 0 && isAnyReady(pulling, await listNodes(signal))) {
      deadline = performance.now() + ANSWER_MS
      limit?.begin()
    }
    await sleep(POLL_MS, undefined, {signal})
  }
}

function isAnyReady(tasks: Task[], nodes: Node[]): boolean {
  const ready = nodes.filter(({Status: {State: state}}) => state === 'ready').map(({ID}) => ID)
  return tasks.some(({NodeID}) => ready.includes(NodeID))
}
