/** The state of one service or job as the engine reports it, at one moment. */
export interface ServiceState {
  service: string
  /** Identifies the container or process; recreating the service changes it. */
  id: string
  profile: string | undefined
  /** `pending` and `stopping`: a Swarm will start a container, or has not seen the end of one that it was told to stop. */
  state:
    | 'created'
    | 'pending'
    | 'running'
    | 'restarting'
    | 'paused'
    | 'stopping'
    | 'exited'
    | 'dead'
    | 'removing'
    | 'skipped'
  health: 'healthy' | 'starting' | 'unhealthy' | 'none'
  /** When the state began, in ISO 8601; undefined if the service never ran. */
  since: string | undefined
  /** When a Swarm was last asked to change it, or has rolled it back, in ISO 8601. */
  changedAt?: string
  /** Automatic restarts by the engine since the last explicit start. */
  restarts: number
  /** The IDs of its failed tasks in a Swarm, which keeps only the last ones. */
  failedTasks?: string[]
  /** The exit status of its last end; 0 if it has not ended, undefined if the engine does not know it any more. */
  exitCode: number | undefined
  /** Whether the kernel caused its last end because it exceeded its memory limit. */
  outOfMemory: boolean
  /** The last run that has ended since the last explicit start, in ISO 8601, if that is known. */
  lastRun?: {since: string | undefined; until: string}
  /** Since when it is unhealthy after it had been healthy, in ISO 8601. */
  unhealthySince?: string
  /** Consecutive failed health checks, and the output of the last check. */
  failedChecks: number
  healthOutput: string
  image: string
  /** Distinguishes two images of the same name. */
  imageId: string
  /** Whether a stub replaces it. */
  stub: boolean
  /** Addresses on the host, by port of the service. */
  published: Record<number, string>
  /** A remark for the user, such as why the service is skipped. */
  note?: string
  /** Its containers in a Swarm, each with its node and the state that Swarm reports. */
  tasks?: {node: string | null; state: string}[]
  /** The state of its last update in a Swarm, such as `completed` or `rollback_completed`; null without an update. */
  update?: string | null
}

/** Returns whether a service runs and is healthy, or was skipped on purpose. */
export function isHealthyOrSkipped({
  state,
  health,
}: {
  state: ServiceState['state'] | 'missing'
  health: ServiceState['health']
}): boolean {
  return state === 'skipped' || (state === 'running' && (health === 'healthy' || health === 'none'))
}

/** Returns whether the process of a service or job has ended and gets no successor without a command. */
export function isStopped({state}: {state: ServiceState['state'] | 'missing'}): boolean {
  return state === 'exited' || state === 'dead'
}

/** The states of a service that has a process, or gets one without a command. */
const WITH_PROCESS = ['pending', 'running', 'restarting', 'paused', 'stopping']

/**
 * Returns whether a process of the service exists, or will exist without a command, which occupies its ports and writes its
 * data.
 */
export function hasProcess({state}: Pick<ServiceState, 'state'>): boolean {
  return WITH_PROCESS.includes(state)
}
