import {AquastreamError, type Problem} from '../../../errors.js'
import {get, post} from '../api/client.js'
import {type Info, infoSchema, type Node, nodesSchema} from '../api/objects.js'
import {DATA_NODE} from '../translate/spec.js'

/** Reads what this node says about itself and its Swarm. */
export function readInfo(signal?: AbortSignal): Promise<Info> {
  return get('/info', infoSchema, {what: 'describe itself', signal})
}

/** Lists the nodes of the Swarm; only a manager can. */
export function listNodes(signal?: AbortSignal): Promise<Node[]> {
  return get('/nodes', nodesSchema, {what: 'list the nodes', signal})
}

/** Returns whether a node takes part and runs tasks. */
export function isAvailable({Status: status, Spec: spec}: Node): boolean {
  return status.State === 'ready' && spec.Availability === 'active'
}

/** Returns why this node cannot manage the Swarm, although it is part of one; undefined if it can, or is in none. */
export function findNodeProblem({Name: name, Swarm: swarm}: Info): Problem | undefined {
  if (swarm.LocalNodeState === 'inactive' || swarm.ControlAvailable) return undefined
  if (swarm.LocalNodeState === 'active') {
    return {
      code: 'swarm-node',
      message: `${name} is a worker of its Swarm, and only a manager can control a stack`,
      hint: 'run the command on a manager, or make this node one, on a manager: docker node promote',
    }
  }
  return {
    code: 'swarm-node',
    message: `the Swarm of ${name} is ${swarm.LocalNodeState}`,
    hint: 'check its state: docker info; a Swarm needs more than half of its managers, and a locked one its key: docker swarm unlock',
  }
}

/**
 * Makes this node a Swarm of its own.
 * @param address the address at which other nodes reach it; undefined if the machine has only one
 * @throws swarm-inactive
 */
export async function initSwarm(address: string | undefined, signal: AbortSignal): Promise<void> {
  const body = {ListenAddr: '0.0.0.0:2377', AdvertiseAddr: address ?? ''}
  await post('/swarm/init', body, {what: 'create a Swarm', signal}).catch((error: unknown) => {
    if (!(error instanceof AquastreamError) || error.code !== 'engine-failed') throw error
    throw new AquastreamError('swarm-inactive', 'Docker Engine could not create a Swarm', {
      hint: 'if this machine has several addresses, choose the one that other servers would reach: --advertise-addr ADDRESS',
      evidence: error.evidence,
      cause: error,
    })
  })
}

/**
 * Returns the node that holds the data. If no node has its label, this node gets it: exactly one must have it, because the
 * volumes of a second one would be empty.
 * @throws swarm-node: several nodes have the label
 */
export async function requireDataNode(signal: AbortSignal): Promise<Node> {
  const [info, nodes] = await Promise.all([readInfo(signal), listNodes(signal)])
  const problem = findDataNodeProblem(nodes)
  if (problem) throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
  const labelled = nodes.find(isDataNode)
  if (labelled) return labelled
  const own = nodes.find(({ID}) => ID === info.Swarm.NodeID)!
  const {ID, Version: version, Spec: spec} = own
  const Labels = {...spec.Labels, [DATA_NODE]: 'true'}
  await post(
    `/nodes/${ID}/update`,
    {...spec, Labels},
    {
      what: 'label this node',
      params: {version: String(version.Index)},
      signal,
    },
  )
  return {...own, Spec: {...spec, Labels}}
}

/** Returns whether a node is labelled as the one with the data. */
function isDataNode({Spec: {Labels: labels}}: Node): boolean {
  return labels[DATA_NODE] === 'true'
}

/** Returns the problem that more than one node is labelled as the data node. */
export function findDataNodeProblem(nodes: Node[]): Problem | undefined {
  const labelled = nodes.filter(isDataNode).map(({Description: {Hostname: name}}) => name)
  if (labelled.length <= 1) return undefined
  return {
    code: 'swarm-node',
    message: `${labelled.join(' and ')} are both labelled ${DATA_NODE}=true, but the data is on one node`,
    hint: `remove the label from the nodes without the data: docker node update --label-rm ${DATA_NODE} NODE`,
  }
}
