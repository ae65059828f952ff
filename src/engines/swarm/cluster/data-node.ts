import {AquastreamError, type Problem} from '../../../errors.js'
import {listVolumes} from '../../compose/containers/states.js'
import {get, post} from '../api/client.js'
import {type Node, servicesSchema, storedSchema} from '../api/objects.js'
import {DATA_NODE, LABEL} from '../translate/spec.js'
import {isAvailable, listNodes, readInfo} from './cluster.js'

/** What decides where the data of a stack is. */
export interface DataPlace {
  nodes: Node[]
  /** The ID of this node. */
  own: string
  /** Whether any stack of aquastream has services or a history in this Swarm. */
  hasStacks: boolean
  /** Whether this stack has. */
  isKnown: boolean
  /** Whether this node has volumes of this stack. */
  hasVolumes: boolean
}

/** Reads what decides where the data of a stack is. */
export async function readDataPlace(project: string, signal: AbortSignal): Promise<DataPlace> {
  const inAny = {filters: {label: [LABEL.profile]}}
  const recorded = {filters: {label: [`${LABEL.kind}=history`]}}
  const [info, nodes, services, history, volumes] = await Promise.all([
    readInfo(signal),
    listNodes(signal),
    get('/services', servicesSchema, {what: 'list services', params: inAny, signal}),
    get('/configs', storedSchema, {what: 'list configs', params: recorded, signal}),
    listVolumes(project),
  ])
  const stacks = [...services, ...history].map(({Spec: {Labels: labels}}) => labels[LABEL.project])
  return {
    nodes,
    own: info.Swarm.NodeID,
    hasStacks: stacks.length > 0,
    isKnown: stacks.includes(project),
    hasVolumes: volumes.length > 0,
  }
}

/**
 * Makes sure that one node has the label of the data node. This node gets it before the first stack of the Swarm; later a
 * missing label means that it was lost, and on a node chosen blindly the databases would be empty.
 * @throws swarm-node, see findDataNodeProblem
 */
export async function requireDataNode(project: string, signal: AbortSignal): Promise<void> {
  const place = await readDataPlace(project, signal)
  const problem = findDataNodeProblem(project, place)
  if (problem) throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
  if (place.nodes.some(isDataNode)) return
  const {ID, Version: version, Spec: spec} = place.nodes.find(node => node.ID === place.own)!
  const body = {...spec, Labels: {...spec.Labels, [DATA_NODE]: 'true'}}
  const params = {version: String(version.Index)}
  await post(`/nodes/${ID}/update`, body, {what: 'label this node', params, signal})
}

/**
 * Lists the volumes with the data of a stack, to delete them.
 * @throws swarm-node: they are on another node, which only Docker Engine there can delete
 */
export async function listDataVolumes(project: string): Promise<string[]> {
  const {Swarm: swarm} = await readInfo()
  const nodes = swarm.ControlAvailable ? await listNodes() : []
  const other = nodes.find(node => isDataNode(node) && node.ID !== swarm.NodeID)
  if (!other || nodes.some(node => isDataNode(node) && node.ID === swarm.NodeID)) return listVolumes(project)
  const {Hostname: name} = other.Description
  throw new AquastreamError('swarm-node', `the volumes of ${project} are on ${name}, not on this node`, {
    hint: `run the command on ${name}; if ${name} is a worker, remove the stack here without --volumes, then the volumes there: docker volume rm`,
  })
}

/** Returns whether a node is labelled as the one with the data. */
function isDataNode({Spec: {Labels: labels}}: Node): boolean {
  return labels[DATA_NODE] === 'true'
}

/** Returns why the data services of a stack cannot be started where their data is. */
export function findDataNodeProblem(project: string, place: DataPlace): Problem | undefined {
  const [node, ...others] = place.nodes.filter(isDataNode)
  if (others.length > 0) return tooMany([node!, ...others])
  if (!node) return place.hasStacks ? LOST : undefined
  const name = node.Description.Hostname
  if (!isAvailable(node)) return unavailable(node)
  if (place.isKnown || node.ID === place.own || !place.hasVolumes) return undefined
  return {
    code: 'swarm-node',
    message: `this node has data of ${project}, but the data services would start on ${name}, with empty volumes`,
    hint: `move the label to this node if ${name} has no data of another stack: docker node update --label-rm ${DATA_NODE} ${name}, then docker node update --label-add ${DATA_NODE}=true self`,
  }
}

const LOST: Problem = {
  code: 'swarm-node',
  message: `no node is labelled ${DATA_NODE}=true, although this Swarm has run a stack: its data is on one node`,
  hint: `label the node that has the volumes: docker node update --label-add ${DATA_NODE}=true NODE`,
}

function tooMany(nodes: Node[]): Problem {
  const names = nodes.map(({Description: {Hostname: name}}) => name)
  return {
    code: 'swarm-node',
    message: `${names.join(' and ')} are both labelled ${DATA_NODE}=true, but the data is on one node`,
    hint: `remove the label from the nodes without the data: docker node update --label-rm ${DATA_NODE} NODE`,
  }
}

function unavailable({Description: {Hostname: name}, Status: status, Spec: spec}: Node): Problem {
  const isDown = status.State !== 'ready'
  return {
    code: 'swarm-node',
    message: `${name}, the node that holds the data, is ${isDown ? status.State : spec.Availability}`,
    hint: isDown
      ? `start ${name}, or find out why the managers do not reach it: docker node inspect ${name}`
      : `let it run tasks again: docker node update --availability active ${name}`,
  }
}
