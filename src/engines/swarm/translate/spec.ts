// The parts of a service specification that this engine sets: https://docs.docker.com/reference/api/engine/version/v1.44/
// References to secrets, configs and networks are names, so that a kept specification can be applied again when they have
// other IDs. Docker Engine returns nothing where it was given false, or an empty list; and IDs of networks.

interface FileReference {
  Name: string
  UID: string
  GID: string
  Mode: number
}

export type Mount =
  | {Type: 'volume'; Source: string; Target: string; VolumeOptions: VolumeOptions}
  | {Type: 'tmpfs'; Target: string; TmpfsOptions: {SizeBytes: number; Mode: number}}

interface VolumeOptions {
  NoCopy?: boolean
  Labels: Record<string, string>
  DriverConfig?: {Name: 'local'; Options: Record<string, string>}
}

export interface ContainerSpec {
  Image: string
  Labels: Record<string, string>
  Command?: string[]
  Args?: string[]
  Env?: string[]
  User?: string
  Init?: boolean
  ReadOnly?: boolean
  StopSignal?: string
  StopGracePeriod?: number
  CapabilityAdd?: string[]
  CapabilityDrop?: string[]
  Privileges?: {NoNewPrivileges?: boolean}
  Mounts?: Mount[]
  Healthcheck?: {
    Test: string[]
    Interval: number
    Timeout: number
    Retries: number
    StartPeriod: number
    StartInterval: number
  }
  Secrets?: {SecretName: string; SecretID?: string; File: FileReference}[]
  Configs?: {ConfigName: string; ConfigID?: string; File: FileReference}[]
}

interface UpdateConfig {
  Parallelism: number
  Delay: number
  FailureAction: 'pause' | 'rollback'
  Monitor: number
  MaxFailureRatio: number
  Order: 'start-first' | 'stop-first'
}

export interface ServiceSpec {
  Name: string
  Labels: Record<string, string>
  TaskTemplate: {
    ContainerSpec: ContainerSpec
    Resources: {Limits: {MemoryBytes: number; Pids: number}}
    RestartPolicy: {Condition: 'any' | 'none'; Delay?: number}
    Placement?: {Constraints?: string[]}
    Networks?: {Target: string; Aliases: string[]}[]
    LogDriver: {Name: string; Options?: Record<string, string>}
    ForceUpdate?: number
  }
  Mode: {Replicated: {Replicas: number}} | {ReplicatedJob: {MaxConcurrent: 1; TotalCompletions: 1}}
  UpdateConfig?: UpdateConfig
  RollbackConfig?: Omit<UpdateConfig, 'FailureAction'> & {FailureAction: 'pause'}
  EndpointSpec: {
    Mode: 'dnsrr'
    Ports?: {Protocol: string; TargetPort: number; PublishedPort: number; PublishMode: 'host'}[]
  }
}

/** Labels of services, networks, secrets and configs. */
export const LABEL = {
  /** The label by which `docker stack` finds what belongs to a stack. */
  stack: 'com.docker.stack.namespace',
  /** The stack, as only aquastream labels it: `docker stack deploy` may use the same name. */
  project: 'aquastream.project',
  profile: 'aquastream.profile',
  /** The image as the settings name it; the specification has a digest or an ID. */
  image: 'aquastream.image',
  /** A hash of the specification that was asked for. */
  spec: 'aquastream.spec',
  /** The number of containers that were asked for, while the service is stopped. */
  replicas: 'aquastream.replicas',
  kind: 'aquastream.kind',
} as const

/** The label of a node that holds the data of a stack. */
export const DATA_NODE = 'aquastream.data'

/** The label of the nodes that edge may run on; without any, it runs on the data node. */
export const EDGE_NODE = 'aquastream.edge'

/** Returns the constraint for nodes with a label. */
export function onlyOn(label: string): string {
  return `node.labels.${label}==true`
}

/** Returns the labels of everything that belongs to a stack. */
export function labelsOf(project: string): Record<string, string> {
  return {[LABEL.stack]: project, [LABEL.project]: project}
}
