import type {Problem} from '../../../errors.js'
import type {Target} from '../../engine.js'
import type {Node} from '../objects.js'
import {factsOf, isAvailable, listNodes} from '../cluster/cluster.js'
import {readSpecs} from '../stack-specs.js'
import {LABEL} from '../translate/spec.js'
import {findImageProblems} from './images.js'
import {examineLinks, type LinkReport} from './links.js'

/** Clocks that differ by less do not matter; a busy manager records a state some time after it was set. */
const CLOCK_MS = 5000

/**
 * Finds what keeps services from running on any of several nodes: images that are missing, connections that are blocked,
 * clocks that differ. Starts containers on all nodes for that, which end within seconds.
 */
export async function examineServers(target: Target, signal: AbortSignal): Promise<Problem[]> {
  const available = (await listNodes(signal)).filter(isAvailable)
  const nodes = available.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
  if (nodes.length < 2) return []
  const {project, values} = target.settings
  const encrypted = values.AQUASTREAM_SWARM_ENCRYPTED === 'yes'
  const specs = [...(await readSpecs(target, factsOf(nodes), signal)).specs.values()]
  const backend = specs.find(({TaskTemplate: {Placement: place}}) => !place?.Constraints?.length)
  const deployment = {project, signal}
  const [images, links] = await Promise.all([
    findImageProblems(specs, 'doctor', deployment),
    backend &&
      examineLinks(
        {image: backend.Labels[LABEL.image]!, pinned: backend.TaskTemplate.ContainerSpec.Image},
        {nodes, encrypted},
        deployment,
      ),
  ])
  return [...images, ...(links ? describeLinks(links) : [])]
}

/** Turns what the containers have shown into problems. */
export function describeLinks({broken, clocks}: LinkReport): Problem[] {
  const blocked = broken.map(({from, to}) => {
    const [here, there] = [from, to].map(nameOf)
    return {
      code: 'swarm-node' as const,
      message: `containers on ${here} do not reach those on ${there}`,
      hint: `open 7946/tcp, 7946/udp and 4789/udp between ${from.Status.Addr} (${here}) and ${to.Status.Addr} (${there}) in both directions, and protocol 50 (ESP) if the traffic is encrypted`,
    }
  })
  const wrong = clocks
    .filter(({ahead}) => Math.abs(ahead) > CLOCK_MS)
    .map(({node, ahead}) => ({
      code: 'swarm-node' as const,
      message: `the clock of ${nameOf(node)} is ${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? 'ahead of' : 'behind'} that of the managers`,
      hint: `enable time synchronization on ${nameOf(node)}: sudo timedatectl set-ntp true`,
    }))
  return [...blocked, ...wrong]
}

function nameOf({Description: {Hostname: name}}: Node): string {
  return name
}
