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
  exitCode: number
  outOfMemory: boolean
  /** Consecutive failed health checks, and the output of the last check. */
  failedChecks: number
  healthOutput: string
  image: string
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
  | {is: 'failed'; why: 'killed for memory' | 'restarts in a loop' | 'unhealthy' | 'failed' | 'stopped'}

/** `starting`: the engine is at work and may still replace a running service; `started`: the engine has finished. */
export type Phase = 'starting' | 'started'

/** This many restarts are a restart loop. A service that exits at once reaches the third within a second. */
const LOOP = 3
const FAILED_CHECKS = 3

/**
 * Decides whether a service is ready, still starting, or has failed.
 * @param before the state before the start; restarts and failed checks from that time do not count
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
  const restartsBefore = same && before.restarts <= now.restarts ? before.restarts : 0
  if (now.restarts - restartsBefore >= LOOP) return {is: 'failed', why: 'restarts in a loop'}
  const failedBefore = same && before.since === now.since ? before.failedChecks : 0
  if (same && phase === 'starting') return judgeOld(now, failedBefore)
  if (now.outOfMemory) return {is: 'failed', why: 'killed for memory'}
  if (now.state === 'running') return judgeHealth(now, failedBefore)
  if (now.state === 'exited' || now.state === 'dead') {
    return {is: 'failed', why: now.exitCode === 0 ? 'stopped' : 'failed'}
  }
  return waiting(now.state === 'created' ? 'waiting for dependencies' : now.state)
}

/** A service that existed before the start may still be replaced, so it is not ready yet. */
function judgeOld(now: ServiceState, failedBefore: number): Verdict {
  if (now.state !== 'running') return waiting('queued')
  const verdict = judgeHealth(now, failedBefore)
  return verdict.is === 'failed' ? verdict : waiting('already running')
}

function judgeHealth(now: ServiceState, failedBefore: number): Verdict {
  if (now.health === 'healthy' || now.health === 'none') return {is: 'ready', detail: 'healthy'}
  if (now.health === 'unhealthy' && now.failedChecks - failedBefore >= FAILED_CHECKS) {
    return {is: 'failed', why: 'unhealthy'}
  }
  return waiting('waiting for its health check')
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
