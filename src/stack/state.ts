/** The state of one service or job as the engine reports it, at one moment. */
export interface ServiceState {
  service: string
  /** Identifies the container or process; recreating the service changes it. */
  id: string
  profile: string | undefined
  state: 'created' | 'running' | 'restarting' | 'paused' | 'exited' | 'dead' | 'removing' | 'skipped'
  health: 'healthy' | 'starting' | 'unhealthy' | 'none'
  /** When the state began, in ISO 8601; undefined if the service never ran. */
  since: string | undefined
  /** Automatic restarts by the engine since the last explicit start. */
  restarts: number
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
}

export type Verdict =
  /** Skipped: this machine cannot run it, and services that depend on it run without it. */
  | {is: 'ready'; detail: 'healthy' | 'skipped'}
  | {is: 'waiting'; detail: string}
  | {is: 'failed'; why: Failure}

/** Why a service cannot become ready. Failed health checks are no reason: a slow start ends by itself, or in time. */
export type Failure = 'killed for memory' | 'restarts in a loop' | 'failed' | 'stopped'

/** `starting`: the engine is at work and may still replace a running service; `started`: the engine has finished. */
export type Phase = 'starting' | 'started'

/** This many restarts are a restart loop: a service may exit once, for example because another one was not ready. */
const LOOP = 2

/**
 * Decides whether a service is ready, still starting, or has failed.
 * @param before the state before the start; restarts and ends from that time do not count
 */
export function judge(
  now: ServiceState | undefined,
  before: ServiceState | undefined,
  phase: Phase,
): Verdict {
  if (!now) return phase === 'started' ? {is: 'failed', why: 'stopped'} : waiting('queued')
  if (now.state === 'skipped') return {is: 'ready', detail: 'skipped'}
  const same = before?.id === now.id
  // Docker Engine resets the restart count when a container is started explicitly.
  const restarts = now.restarts - (same && before.restarts <= now.restarts ? before.restarts : 0)
  const ended = now.state === 'exited' || now.state === 'dead'
  const untouched = same && before.since === now.since && restarts === 0
  if (phase === 'starting' && (untouched || (same && ended))) return judgeOld(now)
  if (now.outOfMemory && (restarts > 0 || ended)) return {is: 'failed', why: 'killed for memory'}
  if (restarts >= LOOP) return {is: 'failed', why: 'restarts in a loop'}
  if (ended) return {is: 'failed', why: now.exitCode === 0 ? 'stopped' : 'failed'}
  if (now.state === 'created') return waiting('waiting for dependencies')
  const isUp = now.state === 'running' && (now.health === 'healthy' || now.health === 'none')
  if (isUp) return {is: 'ready', detail: 'healthy'}
  if (restarts > 0) return waiting(`exited with status ${now.exitCode ?? 'unknown'} and was restarted`)
  return now.state === 'running' ? waitingForHealth(now) : waiting(now.state)
}

/** A service that existed before the start may still be replaced or started, so it is not ready yet. */
function judgeOld({state}: ServiceState): Verdict {
  return waiting(state === 'running' ? 'already running' : 'queued')
}

function waitingForHealth({health}: ServiceState): Verdict {
  return waiting(
    health === 'unhealthy' ? 'running, but its health check fails' : 'waiting for its health check',
  )
}

/** Decides the same for a job, which is ready when it has exited with status 0. */
export function judgeJob(
  now: ServiceState | undefined,
  before: ServiceState | undefined,
  phase: Phase,
): Verdict {
  if (!now || now.state === 'created') return waiting('waiting for dependencies')
  const ended = now.state === 'exited' || now.state === 'dead'
  const old = before?.id === now.id && before.since === now.since
  if (!ended || (old && phase === 'starting')) return waiting('running')
  return now.exitCode === 0 ? {is: 'ready', detail: 'healthy'} : {is: 'failed', why: 'failed'}
}

function waiting(detail: string): Verdict {
  return {is: 'waiting', detail}
}

/** Returns whether a service runs and is healthy, or was skipped on purpose. */
export function isWell({
  state,
  health,
}: {
  state: ServiceState['state'] | 'missing'
  health: ServiceState['health']
}): boolean {
  return state === 'skipped' || (state === 'running' && (health === 'healthy' || health === 'none'))
}

/** Returns whether a process of the service exists, which occupies its ports: also while it restarts or is paused. */
export function hasProcess({state}: Pick<ServiceState, 'state'>): boolean {
  return state === 'running' || state === 'restarting' || state === 'paused'
}
