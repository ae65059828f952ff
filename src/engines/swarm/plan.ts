import type {Problem} from '../../errors.js'
import {listContainers} from '../compose/containers/states.js'
import {chooseImages} from '../compose/images.js'
import {findDiskProblem, findForeignProfile} from '../compose/plan.js'
import {isEngineLocal} from '../docker/endpoint.js'
import {findEngineProblem} from '../docker/problem.js'
import type {Change, Plan, Target} from '../engine.js'
import {NOT_YET} from '../ports.js'
import {factsOf, findNodeProblem, readInfo} from './cluster/cluster.js'
import {findDataNodeProblem, readDataPlace} from './cluster/data-node.js'
import {listNetworks} from './cluster/store.js'
import {findService, isUnsettled, listForeign, readStack, type StackTasks} from './cluster/services.js'
import {replicasOf} from './deploy/apply.js'
import {kindOf} from './deploy/order.js'
import {checkPorts} from './ports.js'
import {findEncryptionProblems, findNameProblems} from './preconditions.js'
import {readSpecs} from './stack-specs.js'
import {toStates} from './states.js'
import {LABEL, type ServiceSpec} from './translate/spec.js'

/** Checks all requirements of a start on Swarm and determines its changes; changes nothing. */
export async function planStart(target: Target, signal: AbortSignal): Promise<Plan> {
  const unreachable = await findEngineProblem(signal)
  const stubs = {services: [], image: ''}
  const empty = {target, states: [], changes: [], stubs, images: [], ports: NOT_YET}
  if (unreachable) return {...empty, problems: [unreachable]}
  const [info, containers, local, images, foreign] = await Promise.all([
    readInfo(signal),
    listContainers(target.settings.project, signal),
    isEngineLocal(),
    chooseImages(target, signal),
    findForeignProfile(target, signal),
  ])
  const nodeProblem = findNodeProblem(info)
  // Jobs run within a start, and leave no container whose state could be waited for.
  target = {...target, jobs: []}
  if (nodeProblem) return {...empty, problems: [nodeProblem]}
  const isActive = info.Swarm.ControlAvailable
  const place = isActive ? await readDataPlace(target.settings.project, signal) : undefined
  const dataNode = place && findDataNodeProblem(target.settings.project, place)
  const stack = isActive ? await readStack(target.settings.project, signal) : {services: [], tasks: []}
  const disk = local ? await findDiskProblem(info.DockerRootDir) : []
  const {problems: taken, ports} = await checkPorts(target, stack.services, {isLocal: local, place})
  const problems = [
    ...findAddressProblems(target),
    ...findNameProblems(target),
    ...findEncryptionProblems(target, isActive ? await listNetworks(target.settings.project, signal) : []),
    ...findOtherEngine(target, containers.length),
    ...foreign,
    ...findForeignStack(target, isActive ? await listForeign(target.settings.project, signal) : []),
    ...(dataNode ? [dataNode] : []),
    ...taken,
    ...disk,
  ]
  // Compose would only report the problems of the settings again.
  const specs =
    target.settings.problems.length > 0
      ? new Map<string, ServiceSpec>()
      : (await readSpecs(target, factsOf(place?.nodes ?? []), signal)).specs
  return {
    target,
    problems,
    states: toStates(stack, place?.nodes ?? []),
    changes: target.services.map(name => compare(name, specs.get(name), stack)),
    stubs: images.stubs,
    images: images.needs,
    ports,
  }
}

/** Swarm publishes a port on every address of a node, IPv6 included. */
function findAddressProblems({settings: {values}}: Target): Problem[] {
  if (values.BIND === '0.0.0.0') return []
  return [
    {
      code: 'settings-invalid',
      message: `Swarm publishes ports on all addresses of a node, so BIND=${values.BIND} would have no effect`,
      hint: 'set BIND=0.0.0.0; edge is the only service that publishes a port, and a firewall can restrict it',
    },
  ]
}

/** Also stopped containers would start again with the machine, and use the same volumes. */
function findOtherEngine({settings: {project, profile}}: Target, containers: number): Problem[] {
  if (containers === 0) return []
  return [
    {
      code: 'refused',
      message: `${project} still has ${containers} containers of the compose engine, which would use the same data`,
      hint: `remove them; the data stays: aquastream env:down --profile ${profile}`,
    },
  ]
}

/** Its services, networks and secrets could have the names of ours, and `docker stack rm` would remove both. */
function findForeignStack({settings: {project}}: Target, names: string[]): Problem[] {
  if (names.length === 0) return []
  return [
    {
      code: 'project-in-use',
      message: `the Swarm already has another stack named ${project}, with ${names.join(', ')}`,
      hint: `set AQUASTREAM_PROJECT to another project name, or remove that stack: docker stack rm ${project}`,
    },
  ]
}

/** Says which updates interrupt a service: backends are started before the old container stops. */
function gapOf(name: string): string {
  const kind = kindOf(name)
  if (kind === 'edge') return '; its port is closed for about a second'
  return kind === 'infrastructure' ? '; it is stopped first, and requests that need it fail meanwhile' : ''
}

function compare(name: string, spec: ServiceSpec | undefined, {services, tasks}: StackTasks): Change {
  const service = findService(services, name)
  if (!service) return {service: name, action: 'create', reason: 'it does not exist'}
  const {Labels: labels, Mode: mode, TaskTemplate: template} = service.Spec
  if (!spec) return {service: name, action: 'recreate', reason: 'its image will be pulled'}
  if (labels[LABEL.spec] !== spec.Labels[LABEL.spec]) {
    const images = {from: labels[LABEL.image]!, to: spec.Labels[LABEL.image]!}
    const isSame = spec.TaskTemplate.ContainerSpec.Image === template.ContainerSpec.Image
    const reason =
      images.from === images.to
        ? isSame
          ? 'its settings have changed'
          : 'its image has changed'
        : `from ${images.from} to ${images.to}`
    return {
      service: name,
      action: 'recreate',
      reason: reason + gapOf(name),
      ...(!isSame && {images}),
    }
  }
  const [now, wanted] = [mode.Replicated?.Replicas, replicasOf(spec)]
  if (now === 0) return {service: name, action: 'start', reason: 'it is stopped'}
  if (now !== wanted) {
    return {service: name, action: 'start', reason: `it has ${now} containers, and ${wanted} are wanted`}
  }
  if (isUnsettled(service, tasks))
    return {service: name, action: 'start', reason: 'its last update has not ended'}
  return {service: name, action: 'none', reason: 'it is running'}
}
