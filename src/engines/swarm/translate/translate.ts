import {createHash} from 'node:crypto'
import {type Service, SERVICES} from '../../../stack/catalogue.js'
import {replicasVariable} from '../../../stack/names.js'
import type {NodeFacts} from '../cluster/cluster.js'
import {commandOf, type PinnedImage} from './command.js'
import type {ComposeFile, ComposeService} from './compose-file.js'
import {translateHealth} from './health.js'
import {translateMounts} from './mounts.js'
import {type Secret, type SecretReader, separate} from './secrets.js'
import {type ContainerSpec, DATA_NODE, EDGE_NODE, LABEL, labelsOf, onlyOn, type ServiceSpec} from './spec.js'
import {nanoseconds} from './units.js'

/** What the translation depends on besides the Compose file. */
export interface Surroundings {
  project: string
  values: Readonly<Record<string, string>>
  /** The images by their names in the Compose file. */
  images: ReadonlyMap<string, PinnedImage>
  secrets: Secret[]
  nodes: NodeFacts
}

/** A config of the stack, and the name under which Swarm stores it. */
export interface StackConfig {
  name: string
  content: string
}

/** Returns the configs of the Compose file. Swarm cannot change one, so its name contains a hash of the content. */
export function configsOf({configs}: ComposeFile, project: string): Map<string, StackConfig> {
  return new Map(
    Object.entries(configs).map(([name, {content}]) => [
      name,
      {name: `${project}_${name}_${hashOf(content)}`, content},
    ]),
  )
}

/** Translates one service or job of the Compose file. */
export function translate(name: string, file: ComposeFile, surroundings: Surroundings): ServiceSpec {
  const service = file.services[name]!
  const {project, values} = surroundings
  const kind = SERVICES.find(candidate => candidate.name === name)?.kind ?? 'job'
  const {memory, pids} = service.deploy.resources.limits
  const labels = {...service.labels, ...labelsOf(project)}
  const spec: ServiceSpec = {
    Name: `${project}_${name}`,
    Labels: {...labels, [LABEL.image]: service.image},
    TaskTemplate: {
      ContainerSpec: {...translateContainer(name, kind, {file, ...surroundings}), Labels: labels},
      Resources: {Limits: {MemoryBytes: Number(memory), Pids: pids}},
      RestartPolicy: kind === 'job' ? {Condition: 'none'} : {Condition: 'any', Delay: 2e9},
      Placement: {Constraints: constraintsOf(kind, surroundings.nodes)},
      Networks: networksOf(name, service, file),
      LogDriver: {Name: service.logging.driver, Options: service.logging.options},
      ForceUpdate: 0,
    },
    Mode:
      kind === 'job'
        ? {ReplicatedJob: {MaxConcurrent: 1, TotalCompletions: 1}}
        : {Replicated: {Replicas: replicasOf(name, values, surroundings.nodes.count)}},
    ...(kind !== 'job' && updatesOf(kind)),
    // Works on every kernel, while virtual addresses need IPVS.
    EndpointSpec: {Mode: 'dnsrr', Ports: kind === 'edge' ? portsOf(service) : []},
  }
  return withHash(spec, surroundings.images.get(service.image)!.id)
}

/**
 * Labels a service and its containers with a hash of what was asked for, by which an unchanged one is recognized. The hash
 * has the ID of the image: when an image that was loaded from a file is also pushed, the same image gets a digest. It does
 * not have the number of containers, which changes with the nodes and replaces none of them.
 */
function withHash(spec: ServiceSpec, image: string): ServiceSpec {
  const {TaskTemplate: template, Mode: mode, ...rest} = spec
  const kind = Object.keys(mode)
  const container = {...template.ContainerSpec, Image: image}
  const asked = {...rest, kind, TaskTemplate: {...template, ContainerSpec: container}}
  const hash = {[LABEL.spec]: hashOf(JSON.stringify(asked)), [LABEL.image]: spec.Labels[LABEL.image]!}
  const labelled = {...template.ContainerSpec, Labels: {...container.Labels, ...hash}}
  return {
    ...spec,
    Labels: {...spec.Labels, ...hash},
    TaskTemplate: {...spec.TaskTemplate, ContainerSpec: labelled},
  }
}

type Kind = Service['kind'] | 'job'

/** Clients know the address of one server, so edge must not wander to another. */
function constraintsOf(kind: Kind, {hasEdgeNode}: NodeFacts): string[] {
  if (kind === 'backend') return []
  return [onlyOn(kind === 'edge' && hasEdgeNode ? EDGE_NODE : DATA_NODE)]
}

function translateContainer(
  name: string,
  kind: Kind,
  {file, project, images, secrets}: Surroundings & {file: ComposeFile},
): Omit<ContainerSpec, 'Labels'> {
  const service = file.services[name]!
  const reader = readerOf(name, kind)
  const {env, secrets: used} = separate(service.environment, secrets, {reader, user: service.user})
  const isData = kind === 'infrastructure'
  const exported = reader === 'export' && used.length > 0
  const configs = configsOf(file, project)
  const {user, init, stop_signal: signal, stop_grace_period: grace, healthcheck} = service
  return {
    Image: images.get(service.image)!.pinned,
    ...commandOf(service, images.get(service.image)!, {
      isBackend: kind === 'backend',
      exported,
    }),
    Env: Object.entries({...env, ...(name === 'gateway' && BEHIND_EDGE)}).map(
      ([variable, value]) => `${variable}=${escapeTemplate(value)}`,
    ),
    ...(user !== undefined && {User: user}),
    ...(init !== undefined && {Init: init}),
    ReadOnly: service.read_only,
    ...(signal !== undefined && {StopSignal: signal}),
    ...(grace !== undefined && {StopGracePeriod: nanoseconds(grace)}),
    CapabilityAdd: service.cap_add.map(capability => `CAP_${capability}`),
    CapabilityDrop: service.cap_drop,
    Privileges: {NoNewPrivileges: service.security_opt.includes('no-new-privileges:true')},
    Mounts: translateMounts(name, service, {file, project}),
    ...(healthcheck && {Healthcheck: translateHealth(healthcheck, {exported, isData})}),
    Secrets: used,
    Configs: service.configs.map(({source, target}) => ({
      ConfigName: configs.get(source)!.name,
      File: {Name: target, UID: '0', GID: '0', Mode: 0o444},
    })),
  }
}

/**
 * All clients have the address of edge, so that one of them would use up the rate limit of all. Edge says who the client is,
 * and replaces what the client says; nothing but edge reaches the gateway from outside.
 */
const BEHIND_EDGE = {SERVER_FORWARD_HEADERS_STRATEGY: 'native'}

/** Swarm expands environment values as Go templates. */
function escapeTemplate(value: string): string {
  return value.replaceAll('{{', '{{"{{"}}')
}

function readerOf(name: string, kind: Kind): SecretReader {
  if (kind === 'backend') return 'tree'
  // Redis and the jobs read environment variables alone.
  return name === 'postgres' || name === 'minio' ? 'file' : 'export'
}

function networksOf(
  name: string,
  {networks}: ComposeService,
  file: ComposeFile,
): NonNullable<ServiceSpec['TaskTemplate']['Networks']> {
  const names = Object.keys(networks ?? {}).map(network => file.networks[network]!.name)
  return (names.length > 0 ? names : [isolatedNetwork(file)]).map(Target => ({Target, Aliases: [name]}))
}

/** The network of a job that has none on Compose. */
export function isolatedNetwork({networks}: ComposeFile): string {
  return `${Object.values(networks)[0]!.name}-isolated`
}

function portsOf({ports}: ComposeService): NonNullable<ServiceSpec['EndpointSpec']['Ports']> {
  return ports.map(({target, published, protocol}) => ({
    Protocol: protocol,
    TargetPort: target,
    PublishedPort: Number(published),
    PublishMode: 'host',
  }))
}

function replicasOf(name: string, values: Surroundings['values'], nodes: number): number {
  return Number(values[replicasVariable(name)] ?? (name === 'gateway' && nodes > 1 ? 2 : 1))
}

/**
 * Backends are started before the old container stops. The monitor counts from the moment of health: with 60 s, an image
 * that exited after 75 s counted as updated. Data services are scaled to 0 before an update, and edge occupies its port.
 */
function updatesOf(kind: Kind): Pick<ServiceSpec, 'UpdateConfig' | 'RollbackConfig'> {
  const order = kind === 'backend' ? 'start-first' : 'stop-first'
  return {
    UpdateConfig: {
      Parallelism: 1,
      Delay: 0,
      FailureAction: 'rollback',
      Monitor: 90e9,
      MaxFailureRatio: 0,
      Order: order,
    },
    RollbackConfig: {
      Parallelism: 0,
      Delay: 0,
      FailureAction: 'pause',
      Monitor: 5e9,
      MaxFailureRatio: 0,
      Order: order,
    },
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
