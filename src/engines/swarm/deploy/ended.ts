import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../../errors.js'
import type {Deadline} from '../../engine.js'
import type {Node, Task} from '../objects.js'
import {listNodes} from '../cluster/cluster.js'
import {hasEnded, readStack, shortName, type StackTasks} from '../cluster/services.js'
import {kindOf} from './order.js'
import {surviveOutage} from './outage.js'

/** How often Swarm is asked for the state of services, in ms. */
export const POLL_MS = 500

/** The stack that is changed. */
export interface Deployment {
  project: string
  signal: AbortSignal
  /** The time limit of one service; undefined where nobody waits. */
  deadline?: Deadline | undefined
}

/**
 * Waits until all tasks of services have ended, as their nodes report it. Swarm itself waits for at most a minute, and
 * would then run two containers on one volume. A node that is down never reports an end: its backends are not waited for,
 * and its data services are an error, because they may still write.
 * @param ids empty: all services of the stack, also those that were removed
 * @throws swarm-node: a node that is down may still run a data service
 */
export async function waitUntilGone(ids: string[], {project, signal}: Deployment): Promise<void> {
  for (;;) {
    const read = async () => Promise.all([readStack(project, signal), listNodes(signal)])
    const [stack, nodes] = await surviveOutage(read, signal)
    const wanted = ({ServiceID: id}: Task): boolean => ids.length === 0 || ids.includes(id)
    const left = leftOf({...stack, tasks: stack.tasks.filter(wanted)}, nodes)
    if (left.silent) throw mayRun(project, left.silent)
    if (left.isEmpty) return
    await sleep(POLL_MS, undefined, {signal})
  }
}

/**
 * The states of a node that does not answer. One that is `unknown` answers soon, or is found to be down: the managers have
 * elected a leader, or an engine starts again.
 */
const SILENT = ['down', 'disconnected']

/** Returns whether no task has to be waited for, and a data service whose end its node will not report. */
export function leftOf(
  {services, tasks}: StackTasks,
  nodes: Node[],
): {isEmpty: boolean; silent: {service: string; node: string} | undefined} {
  const isSilent = ({NodeID: id}: Task): boolean =>
    nodes.some(node => node.ID === id && SILENT.includes(node.Status.State))
  const running = tasks.filter(task => !hasEnded(task))
  const silent = running.filter(isSilent).flatMap(task => {
    const found = services.find(({ID}) => ID === task.ServiceID)
    const service = found && shortName(found)
    const isData = service !== undefined && kindOf(service) === 'infrastructure'
    const node = nodes.find(({ID}) => ID === task.NodeID)?.Description.Hostname ?? task.NodeID
    return isData ? [{service, node}] : []
  })
  return {isEmpty: running.every(isSilent), silent: silent[0]}
}

function mayRun(project: string, {service, node}: {service: string; node: string}): AquastreamError {
  const message = `${node} does not answer the managers, and may still run ${service} of ${project}`
  return new AquastreamError('swarm-node', message, {
    hint: `start ${node} again; if it will not come back, remove it: docker node rm --force ${node}`,
  })
}
