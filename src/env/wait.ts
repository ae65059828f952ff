import {AquastreamError, throwProblems} from '../errors.js'
import type {Context, Engine, Plan, Target} from '../engines/engine.js'
import {judge, judgeJob, type Phase, type ServiceState, type Verdict} from '../stack/state.js'

/** The progress of one service; emitted when it changes. */
export interface WaitEvent {
  type: 'service'
  service: string
  state: 'waiting' | 'ready'
  detail: string
}

export interface Limits {
  /** The states before the start; restarts and failed checks from that time do not count. */
  before: ServiceState[]
  /** In seconds. */
  timeout: number
  /** False: return once every service has been started; dependencies are still waited for. */
  wait: boolean
}

/** Minimum ms between two queries. During the start queries slow the services down; later the last change counts. */
const PACE_MS = {starting: 1500, started: 50}

/**
 * Starts the services and waits until all are ready. Fails as soon as one cannot become ready.
 *
 * @throws service-failed, image-architecture, timeout: with the cause, the last log lines and health check
 */
export async function startAndWait(
  plan: Plan,
  limits: Limits,
  engine: Engine,
  {on, signal}: Context<WaitEvent>,
): Promise<ServiceState[]> {
  const late = AbortSignal.timeout(limits.timeout * 1000)
  const left = new AbortController()
  const until = AbortSignal.any([signal, late, left.signal])
  const observe = observer(plan.target, limits.before, engine, on)
  const starting = engine.start(plan, until)
  try {
    await observe('starting', AbortSignal.any([until, whenSettled(starting)]))
    await starting
    if (!limits.wait) return await engine.states(signal)
    const states = await observe('started', until)
    if (states) return states
    throw until.reason as Error
  } catch (error) {
    signal.throwIfAborted()
    if (late.aborted) throw await tooLate(plan.target, limits, engine)
    throw await explain(error, plan.target, limits, engine)
  } finally {
    left.abort()
    await starting.catch(() => undefined)
  }
}

function whenSettled(promise: Promise<void>): AbortSignal {
  const settled = new AbortController()
  const abort = (): void => {
    settled.abort()
  }
  promise.then(abort, abort)
  return settled.signal
}

/** Watches the states and emits changes. Returns the states once all are ready, or undefined when the signal aborts. */
function observer(target: Target, before: ServiceState[], engine: Engine, on: Context<WaitEvent>['on']) {
  const emitted = new Map<string, string>()
  return async (phase: Phase, signal: AbortSignal): Promise<ServiceState[] | undefined> => {
    for await (const states of engine.watch({pace: PACE_MS[phase]}, signal)) {
      const verdicts = judgeAll(target, states, before, phase)
      for (const [service, verdict] of verdicts) {
        if (!target.services.includes(service) || verdict.is === 'hopeless') continue
        const {is, detail} = verdict
        if (emitted.get(service) !== detail) on({type: 'service', service, state: is, detail})
        emitted.set(service, detail)
      }
      await throwIfHopeless(verdicts, states, engine)
      // Before the engine has finished, a service that is ready may still be replaced.
      if (phase === 'started' && [...verdicts.values()].every(({is}) => is === 'ready')) return states
    }
    return undefined
  }
}

function judgeAll(
  target: Target,
  states: ServiceState[],
  before: ServiceState[],
  phase: Phase,
): Map<string, Verdict> {
  const verdict = (name: string, by: typeof judge): [string, Verdict] => {
    const of = (list: ServiceState[]): ServiceState | undefined => list.find(({service}) => service === name)
    return [name, by(of(states), of(before), phase)]
  }
  // Jobs come first: when a job fails, its dependents only wait.
  return new Map([
    ...target.jobs.map(name => verdict(name, judgeJob)),
    ...target.services.map(name => verdict(name, judge)),
  ])
}

async function throwIfHopeless(
  verdicts: Map<string, Verdict>,
  states: ServiceState[],
  engine: Engine,
): Promise<void> {
  for (const [service, verdict] of verdicts) {
    if (verdict.is !== 'hopeless') continue
    const state = states.find(candidate => candidate.service === service)
    const found = state && (await engine.diagnose(state, verdict.why))
    throw new AquastreamError(
      found?.code ?? 'service-failed',
      `${service} cannot start: ${found?.cause ?? 'it was removed during the start'}`,
      {
        hint: found?.hint ?? 'run the command again',
        evidence: found?.evidence ?? [],
      },
    )
  }
}

/** Looks for a better explanation than the engine's error: a failed service, or a port that is in use by now. */
async function explain(error: unknown, target: Target, {before}: Limits, engine: Engine): Promise<unknown> {
  if (!(error instanceof AquastreamError) || error.code !== 'engine-failed') return error
  try {
    const states = await engine.states()
    await throwIfHopeless(judgeAll(target, states, before, 'starting'), states, engine)
    throwProblems((await engine.plan(target, AbortSignal.timeout(10_000))).problems)
    return error
  } catch (better) {
    return better
  }
}

async function tooLate(target: Target, {before, timeout}: Limits, engine: Engine): Promise<AquastreamError> {
  const states = await engine.states()
  const waiting = [...judgeAll(target, states, before, 'started')].filter(([, {is}]) => is !== 'ready')
  const slowest = states.find(
    ({service, state}) => state === 'running' && waiting.some(([name]) => name === service),
  )
  const logs = ['aquastream logs', slowest?.service, '--profile', target.settings.profile]
    .filter(Boolean)
    .join(' ')
  const evidence = slowest ? (await engine.diagnose(slowest, 'timeout')).evidence : []
  return new AquastreamError(
    'timeout',
    `${waiting.map(([name]) => name).join(', ')} ${waiting.length === 1 ? 'is' : 'are'} not healthy after ${timeout} seconds`,
    {
      hint: `allow more time with --timeout ${timeout * 2}, or find the cause in the log: ${logs}`,
      evidence,
    },
  )
}
