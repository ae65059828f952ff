import {isStopped, type ServiceState} from './state.js'

export type Verdict =
  /** Skipped: this machine cannot run it, and services that depend on it run without it. */
  | {is: 'ready'; detail: 'healthy' | 'skipped'}
  | {is: 'waiting'; detail: string}
  | {is: 'failed'; why: StartFailure}

/**
 * Why a service cannot become ready. Failed health checks are not a reason: a slow start either succeeds or reaches
 * --timeout.
 */
export type StartFailure = 'killed for memory' | 'restarts in a loop' | 'failed' | 'stopped'

/** `starting`: the engine is at work and may still replace a running service; `started`: the engine has finished. */
export type Phase = 'starting' | 'started'

/** One restart is allowed: a service may exit once, for example because another one was not ready. The second is a failure. */
const MAX_RESTARTS = 1

/**
 * Decides whether a service is ready, still starting, or has failed.
 * @param before the state before the start; restarts and ends from that time do not count
 */
export function checkReadiness(
  now: ServiceState | undefined,
  before: ServiceState | undefined,
  phase: Phase,
): Verdict {
  if (!now) return phase === 'started' ? {is: 'failed', why: 'stopped'} : waiting('queued')
  if (now.state === 'skipped') return {is: 'ready', detail: 'skipped'}
  const same = before?.id === now.id
  const restarts = restartsSince(now, before)
  const ended = isStopped(now)
  const untouched = same && before.since === now.since && restarts === 0
  if (phase === 'starting' && (untouched || (same && ended))) return checkUntouched(now)
  if (now.outOfMemory && (restarts > 0 || ended)) return {is: 'failed', why: 'killed for memory'}
  if (restarts > MAX_RESTARTS) return {is: 'failed', why: 'restarts in a loop'}
  if (ended) return {is: 'failed', why: now.exitCode === 0 ? 'stopped' : 'failed'}
  if (now.state === 'created') return waiting('waiting for dependencies')
  const isUp = now.state === 'running' && (now.health === 'healthy' || now.health === 'none')
  if (isUp) return {is: 'ready', detail: 'healthy'}
  if (restarts > 0) return waiting(`exited with status ${now.exitCode ?? 'unknown'} and was restarted`)
  return now.state === 'running' ? waitingForHealth(now) : waiting(now.state)
}

function restartsSince(now: ServiceState, before: ServiceState | undefined): number {
  // For each new failed task that it keeps, a Swarm forgets an old one, so their number stays the same.
  if (now.failedTasks) return now.failedTasks.filter(id => !before?.failedTasks?.includes(id)).length
  // Docker Engine resets the restart count when a container is started explicitly.
  const isCounted = before?.id === now.id && before.restarts <= now.restarts
  return now.restarts - (isCounted ? before.restarts : 0)
}

/** A service that existed before the start may still be replaced or started, so it is not ready yet. */
function checkUntouched({state}: ServiceState): Verdict {
  return waiting(state === 'running' ? 'running' : 'queued')
}

function waitingForHealth({health}: ServiceState): Verdict {
  return waiting(
    health === 'unhealthy' ? 'running, but its health check fails' : 'waiting for its health check',
  )
}

/** Decides the same for a job, which is ready when it has exited with status 0. */
export function checkJobReadiness(
  now: ServiceState | undefined,
  before: ServiceState | undefined,
  phase: Phase,
): Verdict {
  if (!now || now.state === 'created') return waiting('waiting for dependencies')
  const ended = isStopped(now)
  const old = before?.id === now.id && before.since === now.since
  if (!ended || (old && phase === 'starting')) return waiting('running')
  return now.exitCode === 0 ? {is: 'ready', detail: 'healthy'} : {is: 'failed', why: 'failed'}
}

function waiting(detail: string): Verdict {
  return {is: 'waiting', detail}
}
