import {randomBytes} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import {succeeds} from '../../../system/succeeds.js'
import {remove} from '../../api/client.js'
import type {Node} from '../objects.js'
import {hasEnded} from '../cluster/services.js'
import {createNetwork} from '../cluster/store.js'
import type {Deployment} from '../deploy/ended.js'
import {type Probe, type ProbeTask, waitForAnswers, withProbe} from './probe.js'

/** Two nodes of which the first does not reach the second in an overlay network. */
interface BrokenLink {
  from: Node
  to: Node
}

/** What the containers on the nodes show. */
export interface LinkReport {
  broken: BrokenLink[]
  /** How far the clock of a node is ahead of that of the managers, in ms. */
  clocks: {node: Node; ahead: number}[]
}

/**
 * Calls each address, where nothing listens. The kernel of the other node refuses the connection at once; if nothing arrives
 * there, no answer comes within two seconds. The exit status is FIRST_STATUS plus the index of the first address without an answer.
 */
const CALL = `try() {
  timeout 2 sh -c 'if command -v wget; then wget -q -T 9 -O - "http://$0:9/"; elif command -v curl; then curl -s -m 9 "http://$0:9/"; else exec bash -c ": </dev/tcp/$0/9"; fi' "$1" >/dev/null 2>&1
  status=$?
  [ $status -ne 124 ] && [ $status -ne 143 ]
}
index=0
for address; do
  try "$address" || try "$address" || try "$address" || exit $((100 + index))
  index=$((index + 1))
done`
const FIRST_STATUS = 100

/** The image of a backend: every node may run it, and it has wget, curl or bash for its health check. */
export type ProbeImage = Pick<Probe, 'image' | 'pinned'>

/**
 * Finds nodes that do not reach each other, by containers of an image in a network of their own.
 * @param options.encrypted whether it is encrypted, as the networks of the stack
 */
export async function examineLinks(
  image: ProbeImage,
  {nodes, encrypted}: {nodes: Node[]; encrypted: boolean},
  deployment: Deployment,
): Promise<LinkReport> {
  const {project, signal} = deployment
  // A new name each time: a node keeps a removed network, and its name, until its last container has ended.
  const name = `${project}_doctor-${randomBytes(4).toString('hex')}`
  const network = await createNetwork(project, {name, internal: true, encrypted, labels: {}}, signal)
  try {
    const common = {...image, constraints: [], network}
    const called = {...common, name: `${project}_doctor-called`, command: ['sleep', '120'], stays: true}
    return await withProbe(called, deployment, async id => {
      const hasAnswered = (task: ProbeTask): boolean => addressOf(task) !== undefined || hasEnded(task)
      const targets = targetsOf(await waitForAnswers(id, {nodes, hasAnswered}, deployment), nodes)
      const command = ['sh', '-c', CALL, 'sh', ...targets.map(({address}) => address)]
      const calling = {...common, name: `${project}_doctor-calling`, command}
      const tasks = await withProbe(calling, deployment, async caller =>
        waitForAnswers(caller, {nodes}, deployment),
      )
      return reportOf(tasks, {nodes, targets: targets.map(({node}) => node)})
    })
  } finally {
    await removeNetwork(network)
  }
}

/** @param among the nodes, and those that were called, in their order */
export function reportOf(tasks: ProbeTask[], among: {nodes: Node[]; targets: Node[]}): LinkReport {
  const ended = among.nodes.flatMap(node => {
    const task = tasks.find(candidate => candidate.NodeID === node.ID && hasEnded(candidate))
    return task ? [{node, task}] : []
  })
  const broken = ended.flatMap(({node: from, task}) => {
    const to = among.targets[(task.Status.ContainerStatus?.ExitCode ?? 0) - FIRST_STATUS]
    return to ? [{from, to}] : []
  })
  // The node sets the time of a state, and a manager that of its record, a moment later.
  const clocks = ended.flatMap(({node, task: {Status: status, UpdatedAt: recordedAt}}) => {
    const ahead = Date.parse(status.Timestamp) - Date.parse(recordedAt)
    return Number.isNaN(ahead) ? [] : [{node, ahead}]
  })
  return {broken, clocks}
}

function targetsOf(tasks: ProbeTask[], nodes: Node[]): {node: Node; address: string}[] {
  return nodes.flatMap(node => {
    const task = tasks.find(({NodeID, Status: {State: state}}) => NodeID === node.ID && state === 'running')
    const address = task && addressOf(task)
    return address === undefined ? [] : [{node, address}]
  })
}

/** The address of a container that runs, without the length of its prefix. */
function addressOf({NetworksAttachments: networks, Status: {State: state}}: ProbeTask): string | undefined {
  const address = networks?.flatMap(({Addresses: addresses}) => addresses ?? [])[0]
  return state === 'running' ? address?.replace(/\/\d+$/, '') : undefined
}

const LEAVE_MS = 10_000
const PAUSE_MS = 500

/** Docker Engine may refuse it while a container uses it. One that is left over does no harm, and env:down removes it. */
async function removeNetwork(id: string): Promise<void> {
  const deadline = performance.now() + LEAVE_MS
  for (;;) {
    const isGone = await succeeds(remove(`/networks/${id}`, {what: 'remove a network'}))
    if (isGone || performance.now() > deadline) return
    await sleep(PAUSE_MS)
  }
}
