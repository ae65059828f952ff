import {networkInterfaces} from 'node:os'
import {AquastreamError, type Problem} from '../../../errors.js'
import type {Server} from '../../engine.js'
import {get, post} from '../../api/client.js'
import {type Info, infoSchema, type Node, nodesSchema} from '../objects.js'
import {DATA_NODE, EDGE_NODE} from '../translate/spec.js'

/** Reads what this node says about itself and its Swarm. */
export function readInfo(signal?: AbortSignal): Promise<Info> {
  return get('/info', infoSchema, {what: 'describe itself', signal})
}

/** Lists the nodes of the Swarm; only a manager can. */
export function listNodes(signal?: AbortSignal): Promise<Node[]> {
  return get('/nodes', nodesSchema, {what: 'list the nodes', signal})
}

/** Lists the servers of the Swarm; empty if this node is in none. */
export async function listServers(signal: AbortSignal): Promise<Server[]> {
  if (!(await readInfo(signal)).Swarm.ControlAvailable) return []
  return (await listNodes(signal)).map(node => ({
    name: node.Description.Hostname,
    version: node.Description.Engine.EngineVersion,
    isReady: node.Status.State === 'ready',
    isManager: node.ManagerStatus !== undefined,
    holdsData: node.Spec.Labels[DATA_NODE] === 'true',
  }))
}

/** Returns whether a node takes part and runs tasks. */
export function isAvailable({Status: status, Spec: spec}: Node): boolean {
  return status.State === 'ready' && spec.Availability === 'active'
}

/** Returns whether a node is meant to run tasks, even if it is down at the moment. */
function isUsed({Spec: {Availability: availability}}: Node): boolean {
  return availability === 'active'
}

/** What a translation has to know of the nodes. */
export interface NodeFacts {
  /** The number of those that are meant to run tasks. */
  count: number
  /** Whether any is labelled for edge. */
  hasEdgeNode: boolean
}

/** Returns what a translation has to know of the nodes; without any, the Swarm will have this one. */
export function factsOf(nodes: Node[]): NodeFacts {
  const used = nodes.filter(isUsed)
  const hasEdgeNode = nodes.some(({Spec: {Labels: labels}}) => labels[EDGE_NODE] === 'true')
  return {count: Math.max(used.length, 1), hasEdgeNode}
}

/** Returns why this node cannot manage the Swarm, although it is part of one; undefined if it can, or is in none. */
export function findNodeProblem({Name: name, Swarm: swarm}: Info): Problem | undefined {
  if (swarm.LocalNodeState === 'inactive' || swarm.ControlAvailable) return undefined
  if (swarm.LocalNodeState === 'active') {
    return {
      code: 'swarm-node',
      message: `${name} is a worker of its Swarm, and only a manager can control a stack`,
      hint: `run the command on a manager, or promote this node there: docker node promote ${name}`,
    }
  }
  return {
    code: 'swarm-node',
    message: `the Swarm of ${name} is ${swarm.LocalNodeState}`,
    hint: 'check its state: docker info; more than half of the managers must be reachable; to unlock a locked Swarm: docker swarm unlock',
  }
}

/** The port on which managers listen. */
const MANAGER_PORT = 2377

/**
 * Returns the address on which a manager listens: the one that other servers reach, so that it is closed elsewhere. An
 * address that no interface of this machine has is that of a router before it, or of another machine with Docker Engine.
 */
export function listenAddress(address: string | undefined, interfaces = networkInterfaces()): string {
  const own = Object.values(interfaces).flatMap(list => (list ?? []).map(({address: known}) => known))
  const isOwn = address !== undefined && own.includes(address)
  if (!isOwn) return `0.0.0.0:${MANAGER_PORT}`
  return `${address.includes(':') ? `[${address}]` : address}:${MANAGER_PORT}`
}

/**
 * Makes this node a Swarm of its own.
 * @param address the address at which other nodes reach it; undefined if the machine has only one
 * @throws swarm-inactive
 */
export async function initSwarm(address: string | undefined, signal: AbortSignal): Promise<void> {
  const body = {ListenAddr: listenAddress(address), AdvertiseAddr: address ?? ''}
  // It makes keys and certificates.
  await post('/swarm/init', body, {what: 'create a Swarm', signal, limit: 60_000}).catch((error: unknown) => {
    if (!(error instanceof AquastreamError) || error.code !== 'engine-failed') throw error
    throw new AquastreamError('swarm-inactive', 'Docker Engine could not create a Swarm', {
      hint: 'if this machine has several addresses, choose the one that other servers would reach: --advertise-addr ADDRESS',
      evidence: error.evidence,
      cause: error,
    })
  })
}
