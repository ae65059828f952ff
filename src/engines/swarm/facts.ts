import type {MemoryUse, ServiceFacts} from '../engine.js'
import {
  type Container,
  inspectListed,
  memoryOf as memoryOfContainers,
  toState,
} from '../compose/containers/states.js'
import {factsOf} from '../compose/facts.js'
import {LABEL} from './translate/spec.js'

/** The label with which Swarm names the service of a container. */
const SERVICE = 'com.docker.swarm.service.name'

/** Lists the containers of a stack that run on this node. */
async function listLocal(project: string, signal?: AbortSignal): Promise<Container[]> {
  return inspectListed(['--filter', `label=${LABEL.project}=${project}`], signal)
}

function nameOf({Config: {Labels: labels}}: Container, project: string): string {
  return labels?.[SERVICE]?.slice(project.length + 1) ?? ''
}

/** Reads the details of each container on this node for the support bundle. */
export async function readFacts(project: string, signal?: AbortSignal): Promise<ServiceFacts[]> {
  const containers = await listLocal(project, signal)
  return factsOf(containers, container => nameOf(container, project), signal)
}

/** Measures the memory of the services whose containers run on this node, in bytes. */
export async function memoryOf(project: string): Promise<Map<string, MemoryUse>> {
  const states = (await listLocal(project)).map(container => ({
    ...toState(container),
    service: nameOf(container, project),
  }))
  return memoryOfContainers(states)
}
