/** What an engine sees of one service or job, at one moment. */
export interface ServiceState {
  service: string
  /** Identity of what runs; a new one after it was recreated. */
  id: string
  profile: string | undefined
  state: 'created' | 'running' | 'restarting' | 'paused' | 'exited' | 'dead' | 'removing' | 'skipped'
  health: 'healthy' | 'starting' | 'unhealthy' | 'none'
  /** When the state began; ISO 8601. Absent when it never ran. */
  since: string | undefined
  /** Restarts by the engine since it was last started by somebody. */
  restarts: number
  exitCode: number
  outOfMemory: boolean
  /** Health checks that failed in a row, and what the last one said. */
  failedChecks: number
  healthOutput: string
  image: string
  /** Whether a stand-in plays it. */
  stub: boolean
  /** Addresses on the host by port of the service. */
  published: Record<number, string>
  /** What people should know of it, such as why it is skipped. */
  note?: string
}

export type Verdict =
  /** Skipped: this machine cannot run it, and what needs it does without. */
  | {is: 'ready'; detail: 'healthy' | 'skipped'}
  | {is: 'waiting'; detail: string}
  | {is: 'hopeless'; why: 'killed for memory' | 'restarts in a loop' | 'unhealthy' | 'failed' | 'stopped'}

/** `starting`: the engine is at work, and what runs may be about to be replaced; `started`: it has done its part. */
export type Phase = 'starting' | 'started'

/** So many restarts are no accident; the third comes within a second when a service dies at once. */
const LOOP = 3
const FAILED_CHECKS = 3

/**
 * Whether a service that was asked to start is ready, on its way, or beyond hope.
 * `before` is how it was when the start was asked for: what happened before that proves nothing.
 */
export function judge(
  now: ServiceState | undefined,
  before: ServiceState | undefined,
  phase: Phase,
): Verdict {
  if (!now) return phase === 'started' ? {is: 'hopeless', why: 'stopped'} : waiting('waits for its turn')
  if (now.state === 'skipped') return {is: 'ready', detail: 'skipped'}
  const same = before?.id === now.id
  // The engine counts from nothing again when somebody else than itself starts it.
  const restartsBefore = same && before.restarts <= now.restarts ? before.restarts : 0
  if (now.restarts - restartsBefore >= LOOP) return {is: 'hopeless', why: 'restarts in a loop'}
  const failedBefore = same && before.since === now.since ? before.failedChecks : 0
  if (same && phase === 'starting') return judgeOld(now, failedBefore)
  if (now.outOfMemory) return {is: 'hopeless', why: 'killed for memory'}
  if (now.state === 'running') return judgeHealth(now, failedBefore)
  if (now.state === 'exited' || now.state === 'dead') {
    return {is: 'hopeless', why: now.exitCode === 0 ? 'stopped' : 'failed'}
  }
  return waiting(now.state === 'created' ? 'waits for what it needs' : `is ${now.state}`)
}

/** One that was there before the start may still be replaced, so it is not called ready. */
function judgeOld(now: ServiceState, failedBefore: number): Verdict {
  if (now.state !== 'running') return waiting('waits for its turn')
  const verdict = judgeHealth(now, failedBefore)
  return verdict.is === 'hopeless' ? verdict : waiting('runs already')
}

function judgeHealth(now: ServiceState, failedBefore: number): Verdict {
  if (now.health === 'healthy' || now.health === 'none') return {is: 'ready', detail: 'healthy'}
  if (now.health === 'unhealthy' && now.failedChecks - failedBefore >= FAILED_CHECKS) {
    return {is: 'hopeless', why: 'unhealthy'}
  }
  return waiting('waits for its health check')
}

/** The same question for a job, which is ready when it has ended well. */
export function judgeJob(
  now: ServiceState | undefined,
  before: ServiceState | undefined,
  phase: Phase,
): Verdict {
  if (!now || now.state === 'created') return waiting('waits for what it needs')
  const ended = now.state === 'exited' || now.state === 'dead'
  const old = before?.id === now.id && before.since === now.since
  if (!ended || (old && phase === 'starting')) return waiting('works')
  return now.exitCode === 0 ? {is: 'ready', detail: 'healthy'} : {is: 'hopeless', why: 'failed'}
}

function waiting(detail: string): Verdict {
  return {is: 'waiting', detail}
}

/** Whether a service does what it is for, or what needs it was told to do without. */
export function isWell({
  state,
  health,
}: {
  state: ServiceState['state'] | 'missing'
  health: ServiceState['health']
}): boolean {
  return state === 'skipped' || (state === 'running' && (health === 'healthy' || health === 'none'))
}
