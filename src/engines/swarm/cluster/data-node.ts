import {AquastreamError, isBusy, type Problem} from '../../../errors.js'
import {repeatWhile} from '../../../system/async/repeat-while.js'
import {listVolumes} from '../../compose/containers/states.js'
import {get, post} from '../../api/client.js'
import {type Node, servicesSchema, storedSchema} from '../objects.js'
import {DATA_NODE, LABEL} from '../translate/spec.js'
import {isAvailable, listNodes, readInfo} from './cluster.js'
import {type DataRecord, readRecord, recordName, writeRecord} from './data-record.js'
import {withSwarmLock} from './lock.js'

/** What decides where the data of a stack is. */
export interface DataPlace {
  nodes: Node[]
  /** The ID of this node. */
  own: string
  /** Whether any stack of aquastream has services or a history in this Swarm. */
  hasStacks: boolean
  /** Whether this stack has, or had. */
  isKnown: boolean
  /** Whether this stack has services now. */
  isRunning: boolean
  /** Whether this node has volumes of this stack. */
  hasVolumes: boolean
  /** Where this stack has its data, if it has ever been started. */
  record: DataRecord | undefined
}

/** Reads what decides where the data of a stack is. */
export async function readDataPlace(project: string, signal: AbortSignal): Promise<DataPlace> {
  const inAny = {filters: {label: [LABEL.profile]}}
  const recorded = {filters: {label: [`${LABEL.kind}=history`]}}
  const [info, nodes, services, history, volumes, record] = await Promise.all([
    readInfo(signal),
    listNodes(signal),
    get('/services', servicesSchema, {what: 'list services', params: inAny, signal}),
    get('/configs', storedSchema, {what: 'list configs', params: recorded, signal}),
    listVolumes(project),
    readRecord(project, signal),
  ])
  const [running, updated] = [services, history].map(found =>
    found.map(({Spec: {Labels: labels}}) => labels[LABEL.project]),
  ) as [string[], string[]]
  return {
    nodes,
    own: info.Swarm.NodeID,
    hasStacks: running.length + updated.length > 0,
    isKnown: [...running, ...updated].includes(project) || record !== undefined,
    isRunning: running.includes(project),
    hasVolumes: volumes.length > 0,
    record,
  }
}

/** The lock of the choice of the data node; no stack can have this name, since that of a project has no period. */
const CHOICE = 'aquastream.data-node'

/**
 * Makes sure that one node has the label of the data node, and records it for the stack. This node gets the label before
 * the first stack of the Swarm; later a missing label means that it was lost, and on a node chosen blindly the databases
 * would be empty. All stacks of a Swarm have one data node, so two of them must not choose it at the same time.
 * @throws swarm-node, see findDataNodeProblem
 */
export async function requireDataNode(project: string, signal: AbortSignal): Promise<void> {
  const place = await readDataPlace(project, signal)
  const node =
    findDataNode(project, place) ?? (await repeatWhile(isBusy, () => chooseInTurn(project, signal), signal))
  if (!place.record) await writeRecord(project, node, signal)
}

/** Chooses the data node while no other stack does. */
function chooseInTurn(project: string, signal: AbortSignal): Promise<Node> {
  const work = (held: AbortSignal): Promise<Node> => chooseDataNode(project, held)
  return withSwarmLock(CHOICE, 'env:up', {signal, work})
}

/** Labels this node, unless a node has been labelled meanwhile. */
async function chooseDataNode(project: string, signal: AbortSignal): Promise<Node> {
  const place = await readDataPlace(project, signal)
  const found = findDataNode(project, place)
  if (found) return found
  const node = place.nodes.find(({ID}) => ID === place.own)!
  const {ID: id, Version: version, Spec: spec} = node
  const body = {...spec, Labels: {...spec.Labels, [DATA_NODE]: 'true'}}
  const params = {version: String(version.Index)}
  await post(`/nodes/${id}/update`, body, {what: 'label this node', params, signal})
  return node
}

/**
 * Returns the data node; undefined if none has been chosen.
 * @throws swarm-node, see findDataNodeProblem
 */
function findDataNode(project: string, place: DataPlace): Node | undefined {
  const problem = findDataNodeProblem(project, place)
  if (problem) throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
  return place.nodes.find(isDataNode)
}

/**
 * Returns a sentence about a start on another node, which only the user can check; undefined if the data services start on
 * this one, or run already. A stack that has run in this Swarm may have been moved back to Compose since.
 */
export function describeOtherNode(project: string, {nodes, own, isRunning}: DataPlace): string | undefined {
  const node = nodes.find(isDataNode)
  if (!node || node.ID === own || isRunning) return undefined
  const {Hostname: name} = node.Description
  return `The data services of ${project} will start on ${name}. This command cannot check ${name} for containers of Compose. If ${project} runs there, remove it first, because two databases would use one volume: aquastream env:down`
}

/**
 * Lists the volumes with the data of a stack, to delete them or to exchange their data.
 * @throws swarm-node: they are on another node, which only Docker Engine there can do
 */
export async function listDataVolumes(project: string): Promise<string[]> {
  const {Swarm: swarm} = await readInfo()
  const nodes = swarm.ControlAvailable ? await listNodes() : []
  const other = nodes.find(node => isDataNode(node) && node.ID !== swarm.NodeID)
  if (!other || nodes.some(node => isDataNode(node) && node.ID === swarm.NodeID)) return listVolumes(project)
  const {Hostname: name} = other.Description
  throw new AquastreamError('swarm-node', `the volumes of ${project} are on ${name}, not on this node`, {
    hint: `run the command on ${name}; if ${name} is a worker, make it a manager for this time: docker node promote ${name}, and afterwards docker node demote ${name}`,
  })
}

/**
 * Returns why Compose must not start a stack on this node: its data is on another one, as far as the Swarm knows. Only a
 * manager can ask it.
 */
export async function findDataElsewhere(project: string, signal: AbortSignal): Promise<Problem | undefined> {
  const {Swarm: swarm} = await readInfo(signal)
  const record = swarm.ControlAvailable ? await readRecord(project, signal) : undefined
  if (!record || record.node === swarm.NodeID) return undefined
  return {
    code: 'refused',
    message: `the data of ${project} is on ${record.name}; Compose would start it on this node, with empty databases`,
    hint: `run the command on ${record.name}; if the volumes have been moved to this node, remove the record: docker config rm ${recordName(project)}`,
  }
}

/** Returns whether a node is labelled as the one with the data. */
function isDataNode({Spec: {Labels: labels}}: Node): boolean {
  return labels[DATA_NODE] === 'true'
}

/** Returns why the data services of a stack cannot be started where their data is. */
export function findDataNodeProblem(project: string, place: DataPlace): Problem | undefined {
  const [node, ...others] = place.nodes.filter(isDataNode)
  if (others.length > 0) return tooMany([node!, ...others])
  if (!node) return findLabelProblem(place)
  const name = node.Description.Hostname
  if (place.record && place.record.node !== node.ID) return moved(project, place.record, node)
  if (!isAvailable(node)) return unavailable(node)
  if (place.isKnown || node.ID === place.own || !place.hasVolumes) return undefined
  return {
    code: 'swarm-node',
    message: `this node has data of ${project}, but the data services would start on ${name}, with empty volumes`,
    hint: `move the label to this node if ${name} has no data of another stack: docker node update --label-rm ${DATA_NODE} ${name}, then docker node update --label-add ${DATA_NODE}=true self`,
  }
}

/** Returns why this node must not be labelled as the data node. */
function findLabelProblem({nodes, own, hasStacks, record}: DataPlace): Problem | undefined {
  if (hasStacks || record) {
    return {
      code: 'swarm-node',
      message: `no node is labelled ${DATA_NODE}=true, although this Swarm has run a stack: its data is on one node`,
      hint: `label the node that has the volumes: docker node update --label-add ${DATA_NODE}=true ${record?.name ?? 'NODE'}`,
    }
  }
  const node = nodes.find(({ID}) => ID === own)
  if (!node || isAvailable(node)) return undefined
  const {Hostname: name} = node.Description
  return {
    code: 'swarm-node',
    message: `${name} runs no tasks (${node.Spec.Availability}), so it cannot hold the data`,
    hint: `label the node that is to hold the data: docker node update --label-add ${DATA_NODE}=true NODE`,
  }
}

function moved(project: string, {name}: DataRecord, {Description: {Hostname: labelled}}: Node): Problem {
  return {
    code: 'swarm-node',
    message: `the data of ${project} is on ${name}, but ${labelled} is labelled ${DATA_NODE}=true, where the databases would be empty`,
    hint: `move the label back to ${name}; if the volumes have been moved to ${labelled}, or it has joined the Swarm again, remove the record: docker config rm ${recordName(project)}`,
  }
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
