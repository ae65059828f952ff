import type {Problem} from '../../errors.js'
import type {Plan, Target} from '../engine.js'
import {ELSEWHERE, findTaken, holdingProcess, stillTaken, takenByOne} from '../ports.js'
import {factsOf} from './cluster/cluster.js'
import type {DataPlace} from './cluster/data-node.js'
import type {Node, SwarmService} from './objects.js'
import {DATA_NODE, EDGE_NODE} from './translate/spec.js'

/**
 * Finds out whether the port of edge, the only one that a stack publishes, is in use by another program. Only those of this
 * node are visible.
 * @param around.place undefined if this node is in no Swarm yet
 */
export async function checkPorts(
  target: Target,
  services: SwarmService[],
  {isLocal, place}: {isLocal: boolean; place: DataPlace | undefined},
): Promise<{problems: Problem[]; ports: Plan['ports']}> {
  if (!isLocal) return {problems: [], ports: ELSEWHERE}
  const others = place ? edgeNodesElsewhere(place) : []
  if (others.length > 0) return {problems: [], ports: {unchecked: `edge runs on ${others.join(' or ')}`}}
  const edge = {...target, services: target.services.filter(name => name === 'edge')}
  return {problems: await findTakenPorts(edge, services), ports: {services: edge.services}}
}

/** Returns the nodes that edge may run on; none if this node is one of them, or will be labelled as the first one. */
function edgeNodesElsewhere({nodes, own}: DataPlace): string[] {
  const label = factsOf(nodes).hasEdgeNode ? EDGE_NODE : DATA_NODE
  const isLabelled = ({Spec: {Labels: labels}}: Node): boolean => labels[label] === 'true'
  const found = nodes.filter(isLabelled)
  return found.some(({ID}) => ID === own) ? [] : found.map(({Description: {Hostname: name}}) => name)
}

async function findTakenPorts(target: Target, services: SwarmService[]): Promise<Problem[]> {
  const published = services.flatMap(({Spec: {EndpointSpec: endpoint}}) =>
    (endpoint?.Ports ?? []).map(({PublishedPort: port}) => String(port)),
  )
  const bind = target.settings.values.BIND!
  const taken = await stillTaken(await findTaken(target, ({port}) => published.includes(port)), bind)
  return Promise.all(taken.map(async place => takenByOne(place, await holdingProcess(place.port), target)))
}
