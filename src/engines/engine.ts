import type {Settings} from '../config/load.js'
import type {Evidence, Problem} from '../errors.js'
import type {ServiceState} from '../stack/state.js'
import type {Program} from '../system/program.js'

/** What is to run: some services with all that they need, under these settings. */
export interface Target {
  settings: Settings
  services: string[]
  /** Run to their end before the services that need them. */
  jobs: string[]
  /** Ask the registry for newer images, also of those that are here. */
  pull: boolean
  /** Backends that are to be played by stubs, and those that are not, whatever images there are. */
  stub: string[]
  real: string[]
}

/** What a start would do to one service or job, and why. */
export interface Change {
  service: string
  action: 'create' | 'recreate' | 'start' | 'resume' | 'none'
  reason: string
}

/** What is known before anything is touched. */
export interface Plan {
  target: Target
  /** Everything that would make the start fail, found at once. */
  problems: Problem[]
  changes: Change[]
  /** Services that a stand-in will play, and the mocks, which are of the same image; dev only. */
  stubs: {services: string[]; image: string}
  images: ImageNeed[]
}

/** An image that has to be there before a start. */
export interface ImageNeed {
  image: string
  services: string[]
  how: 'present' | 'pull' | 'build'
}

/** A line that a service wrote. */
export interface LogLine {
  service: string
  /** RFC 3339 in UTC with nanoseconds; compares as text. */
  time: string
  text: string
}

export interface LogQuery {
  /** All services when empty. */
  services: string[]
  follow: boolean
  /** Only lines since then: RFC 3339, or how long ago (`10m`, `2h`). */
  since?: string | undefined
  /** The last lines of each service; all when absent. */
  tail?: number | undefined
}

export interface WatchOptions {
  /** Milliseconds between two looks at least: each takes time from what starts. */
  pace: number
}

/** Bytes in use, and the limit at which the service is killed, where there is one. */
export interface MemoryUse {
  used: number
  limit: number | null
}

/** Facts that an engine reports while it works; a printer chooses the words. */
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

/** Why one service cannot become healthy, in one sentence, and what to type next. */
export interface Diagnosis {
  code: Problem['code']
  cause: string
  hint: string
  evidence: Evidence[]
}

/** The machine that the services run on. */
export interface Machine {
  /** Its clock, now. */
  time: Date
  /** All of it, in bytes. */
  memory: number
}

/** What is known of one service beyond its state, for a report. */
export interface ServiceFacts {
  service: string
  /** What it was made from; digests are those of registries. Nothing where there are no images. */
  image?: {id: string; digests: string[]}
  /** Its last health checks, oldest first; `at` as ISO 8601. */
  checks: {at: string; exitCode: number; output: string}[]
  /** The variables that it was started with, which need not be those of the settings now. Holds secrets. */
  environment: Record<string, string>
}

/**
 * What can run a stack. Use cases see this interface and nothing behind it.
 * Every method fails with an engine-… error when the engine itself cannot be reached.
 */
export interface Engine {
  readonly name: 'compose' | 'embedded'
  /** Why Docker, which is on this machine, did not say whether the stack runs there; known where nothing runs here. */
  readonly unasked?: string | undefined
  /** Reads only. */
  plan(target: Target, signal: AbortSignal): Promise<Plan>
  /** Pulls and builds what the plan says is not there. */
  fetchImages(plan: Plan, ctx: Context<EngineEvent>): Promise<void>
  /** Makes the services run; resolves when the engine has done its part, not when they are healthy. */
  start(plan: Plan, signal: AbortSignal): Promise<void>
  /** Ends everything of the project, whatever its profile; data goes only with `volumes`. */
  stop(options: {volumes: boolean}, signal: AbortSignal): Promise<void>
  /** Where the project's data is, by name. */
  volumes(): Promise<string[]>
  states(signal?: AbortSignal): Promise<ServiceState[]>
  /** The states now, and again whenever something may have changed; ends at the signal. */
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<ServiceState[]>
  memory(states: ServiceState[]): Promise<Map<string, MemoryUse>>
  /** Finds out why a service that was judged hopeless is so. */
  diagnose(state: ServiceState, verdict: string): Promise<Diagnosis>
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>
  facts(signal?: AbortSignal): Promise<ServiceFacts[]>
  /** The engine's own versions, by the names of its parts. */
  versions(signal?: AbortSignal): Promise<Record<string, string>>
  /** Nothing when that is this one, and no limits are set. */
  machine(signal: AbortSignal): Promise<Machine | undefined>
  /**
   * Finds where PostgreSQL runs, and gives a way to start programs there. They see these variables, and those
   * of the server itself.
   * @throws not-healthy: it does not run
   */
  besidePostgres(): Promise<(program: string[], env: Record<string, string>) => Program>
}
