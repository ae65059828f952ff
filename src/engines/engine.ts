import type {Settings} from '../config/load.js'
import type {Evidence, Problem} from '../errors.js'
import type {ServiceState} from '../stack/state.js'
import type {Program} from '../system/program.js'

/** What to start: services with all their dependencies, and the settings. */
export interface Target {
  settings: Settings
  services: string[]
  /** Jobs that must finish before the services that need them are started. */
  jobs: string[]
  /** Whether to pull images that are already present as well, to update them. */
  pull: boolean
  /** Backends that are always, or never, replaced by stubs, whether or not their images are present. */
  stub: string[]
  real: string[]
  /** The address at which other servers reach this one, if it has several. */
  advertiseAddress?: string | undefined
  /** False: the start resolves when every service has been created; updates are waited for all the same. */
  wait?: boolean
}

/** The action that a start would take on one service or job, and its reason. */
export interface Change {
  service: string
  action: 'create' | 'recreate' | 'restart' | 'start' | 'resume' | 'none'
  reason: string
  /** Since when the reason has existed, in ISO 8601, if that is known. */
  since?: string
  /** Its images before and after, if the image changes; the name can be the same. */
  images?: {from: string; to: string}
}

/** The plan of a start, made before anything is changed. */
export interface Plan {
  target: Target
  /** Every problem for which the start would fail. */
  problems: Problem[]
  /** The states of the stack on which the plan is based. */
  states: ServiceState[]
  changes: Change[]
  /** The services that run the stub image: replaced backends, and the mocks; only in dev. */
  stubs: {services: string[]; image: string}
  images: ImageNeed[]
  /** The services whose ports on this machine were checked, or why none was. */
  ports: {services: string[]} | {unchecked: string}
}

/** An image that a start needs, and how it is obtained. */
export interface ImageNeed {
  image: string
  services: string[]
  how: 'present' | 'pull' | 'build'
}

/** One log line of a service. */
export interface LogLine {
  service: string
  /** RFC 3339 in UTC with nanoseconds, so that times can be compared as text. */
  time: string
  text: string
}

export interface LogQuery {
  /** Empty: all services. */
  services: string[]
  follow: boolean
  /** Only lines since this time: RFC 3339, or a duration such as `10m` or `2h`. */
  since?: string | undefined
  /** The number of last lines of each service; undefined: all lines. */
  tail?: number | undefined
  /** Leave out containers that ran with other secrets than their service has now: what they logged cannot be masked. */
  isMasked?: boolean
}

export interface WatchOptions {
  /** Minimum milliseconds between two queries: each takes CPU time from services that are starting. */
  pace: number
}

/** Memory in use and the memory limit of the service, in bytes; null if it has no limit. */
export interface MemoryUse {
  used: number
  limit: number | null
}

/** Progress of an engine; the views choose the wording. */
export interface EngineEvent {
  type: 'image'
  image: string
  state: 'pulling' | 'building' | 'ready'
  detail?: string
}

export interface Context<Event> {
  on: (event: Event) => void
  signal: AbortSignal
}

/** A cause for which a service cannot become healthy: half a sentence about it, such as `it exceeded its limit`. */
export interface Cause {
  code: Problem['code']
  sentence: string
  hint: string
}

/** What an engine finds out about a service that does not become healthy. */
export interface Diagnosis {
  /** Set if the engine knows more than the state of the service says. */
  cause?: Cause
  /** The lines of its last run that explain it. */
  evidence: Evidence[]
}

/** A server of an engine that runs services on several. */
export interface Server {
  name: string
  /** Of Docker Engine. */
  version: string
  isReady: boolean
  isManager: boolean
  /** Whether it has the data of the stacks. */
  holdsData: boolean
}

/** The machine on which the services run. */
export interface Machine {
  /** The current time by its clock. */
  time: Date
  /** Total memory, in bytes. */
  memory: number
}

/** Details of one service beyond its state, for the support bundle. */
export interface ServiceFacts {
  service: string
  /** Its image, with registry digests; undefined where there are no images. */
  image?: {id: string; digests: string[]}
  /** The last health checks, oldest first; `at` in ISO 8601. */
  checks: {at: string; exitCode: number; output: string}[]
  /** The environment that it was started with, which may differ from the current settings. Contains secrets. */
  environment: Record<string, string>
}

/** The time limit of a start. An engine that changes one service after another begins it anew for each. */
export interface Deadline {
  /** @param more ms on top of the limit, for what takes long without being a failure */
  begin(more?: number): void
}

/** What came of the update of one service; `unknown` if the command was killed before its end, and nothing else shows it. */
export type UpdateResult = 'completed' | 'rolled back' | 'failed' | 'unknown'

/** One update of a stack, as the history has it. */
export interface UpdateRecord {
  id: string
  /** In ISO 8601. */
  at: string
  /** The user and the machine. */
  by: string
  /** The command that made it, such as `env:up`. */
  command: string
  /** The images of each service before and after it; `from` is null for a new service. */
  changes: {service: string; from: string | null; to: string; result: UpdateResult}[]
}

/** Earlier versions of a stack. */
export interface History {
  /** Lists the updates, newest first, and the paths of records that are damaged. */
  list(signal?: AbortSignal): Promise<{updates: UpdateRecord[]; damaged: string[]}>
  /**
   * Finds what ran before the last update of each service; without names, before the last update of the stack. Services
   * that have no previous version, or do not run that of the last update of the stack, are left out.
   */
  findPrevious(services: string[], signal: AbortSignal): Promise<PreviousVersion[]>
  /**
   * Returns services to previous versions; resolves when all have been started.
   * @throws image-missing: the earlier image does not exist any more
   */
  rollBack(versions: PreviousVersion[], signal: AbortSignal, deadline: Deadline): Promise<void>
  /**
   * Records what came of the update that a start or a rollback has begun, by what runs now. Undefined if the engine waits
   * for health itself.
   */
  settle?(states: ServiceState[]): Promise<void>
}

/** How long services took to start, in seconds by service. */
export interface StartTimes {
  read(): Promise<Map<string, number>>
  save(seconds: Map<string, number>): Promise<void>
}

/** The images of a service now and before its last update. */
export interface PreviousVersion {
  service: string
  from: string
  to: string
  /** The update that replaced it. */
  update: string
}

/**
 * Runs a stack. Use cases know only this interface.
 * Every method throws an engine-… error if the engine itself is not available.
 */
export interface Engine {
  readonly name: 'compose' | 'embedded' | 'swarm'
  /** Set if `start` itself waits for the services and reports why one failed; their states then only show the progress. */
  readonly reportsFailures?: true
  /** Why Docker, although installed, could not be queried whether it runs the stack; set only if nothing runs here. */
  readonly dockerProblem?: string | undefined
  /** Returns a sentence that the user must confirm: what a start would change besides the stack, or cannot check. */
  consent?(): Promise<string | undefined>
  /** Checks all requirements of a start and determines its changes; changes nothing. */
  plan(target: Target, signal: AbortSignal): Promise<Plan>
  /** Pulls and builds the images of the plan that are not present. */
  fetchImages(plan: Plan, ctx: Context<EngineEvent>): Promise<void>
  /** Starts the services; resolves when all have been started, which is before all are healthy. */
  start(plan: Plan, signal: AbortSignal, deadline: Deadline): Promise<void>
  /** Stops running services of the stack; they are kept, with their data and their logs. */
  stopServices(services: string[], signal: AbortSignal): Promise<void>
  /** Stops services of the stack, and starts them again as they were; resolves when all have been started. */
  restartServices(services: string[], signal: AbortSignal, deadline: Deadline): Promise<void>
  /** Stops and removes all services of the project, whatever its profile; deletes its data only with `volumes`. */
  stop(options: {volumes: boolean}, signal: AbortSignal): Promise<void>
  /** Returns the names or paths of the volumes that hold the data of the project. */
  volumes(): Promise<string[]>
  states(signal?: AbortSignal): Promise<ServiceState[]>
  /** Yields the states now and again whenever they may have changed, until the signal aborts. */
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<ServiceState[]>
  memory(states: ServiceState[]): Promise<Map<string, MemoryUse>>
  /** Undefined if this engine keeps no previous versions. */
  readonly history?: History | undefined
  /** Set if an update stops a service, and what uses it, until the new container is healthy. */
  readonly startTimes?: StartTimes | undefined
  /**
   * Finds backends that the gateway does not reach. Undefined if a backend keeps its address, or what calls it, when it is
   * updated.
   */
  findUnreachable?(backends: string[], signal: AbortSignal): Promise<string[]>
  /** Finds out why a service has failed, or does not become healthy. */
  diagnose(state: ServiceState): Promise<Diagnosis>
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>
  facts(signal?: AbortSignal): Promise<ServiceFacts[]>
  /** Returns the versions of the engine's components, by component name. */
  versions(signal?: AbortSignal): Promise<Record<string, string>>
  /** Lists the servers; undefined if this engine knows only one. */
  servers?(signal: AbortSignal): Promise<Server[]>
  /**
   * Finds what keeps services from running on any of the servers. Starts containers on each of them, which end within
   * seconds.
   */
  examineServers?(target: Target, signal: AbortSignal): Promise<Problem[]>
  /** Returns undefined if the services run on this machine and without memory limits. */
  machine(signal: AbortSignal): Promise<Machine | undefined>
  /**
   * Returns a function that starts programs where a data service runs. Their environment consists of the given variables
   * and those of the service.
   * @throws not-healthy: the service is not running
   */
  execIn(service: 'postgres' | 'redis'): Promise<(program: string[], env: Record<string, string>) => Program>
}
