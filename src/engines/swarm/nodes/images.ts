import {type Problem, throwProblems} from '../../../errors.js'
import * as z from '../../../system/zod.js'
import {get, hasStatus} from '../../api/client.js'
import type {Node} from '../objects.js'
import {listNodes, readInfo} from '../cluster/cluster.js'
import type {Deployment} from '../deploy/ended.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {ANSWER_MS, mayRun, waitForAnswers, withProbe} from './probe.js'

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
  throwProblems(await findImageProblems(specs, 'probe', deployment))
}

/**
 * Finds the images that a node does not have, and cannot pull.
 * @param purpose distinguishes the probes of two commands that run at the same time
 */
export async function findImageProblems(
  specs: ServiceSpec[],
  purpose: string,
  deployment: Deployment,
): Promise<Problem[]> {
  const {signal, project} = deployment
  const [{Swarm: swarm}, nodes] = await Promise.all([readInfo(signal), listNodes(signal)])
  const pinned = new Set(specs.map(({TaskTemplate: template}) => template.ContainerSpec.Image))
  const own = {id: swarm.NodeID, images: await listPresent([...pinned], signal)}
  const problems = needsOf(specs, nodes, own).map(async (need, index) =>
    findMissing({...need, name: `${project}_${purpose}-${index}`}, {...deployment, own: own.id}),
  )
  return (await Promise.all(problems)).flat()
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
    const allowed = nodes.filter(node => mayRun(node, constraints))
    return {pinned: template.ContainerSpec.Image, image: labels[LABEL.image]!, constraints, nodes: allowed}
  })
  const asked = needs.filter(({pinned, nodes: allowed}) =>
    allowed.some(({ID}) => ID !== own.id || !own.images.includes(pinned)),
  )
  return [...new Map(asked.map(need => [`${need.pinned} ${need.constraints.join()}`, need])).values()]
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
async function findMissing(
  {name, pinned, image, constraints, nodes}: Need & {name: string},
  deployment: Deployment & {own: string},
): Promise<Problem[]> {
  // Whether the image has this program does not matter: its container has been created before it is started.
  const probe = {name, image, pinned, constraints, command: ['true']}
  const tasks = await withProbe(probe, deployment, async id => waitForAnswers(id, {nodes}, deployment))
  return nodes.flatMap(node => {
    const states = tasks.filter(({NodeID}) => NodeID === node.ID).map(({Status}) => Status.State)
    if (states.length === 0) return [silent(image, node)]
    if (!states.includes('rejected')) return []
    return [node.ID === deployment.own ? removed(image) : missing(image, node)]
  })
}
