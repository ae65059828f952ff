import {AquastreamError, throwProblems} from '../errors.js'
import type {Context, Engine, Plan, Target} from '../engines/engine.js'
import {judge, judgeJob, type Phase, type ServiceState, type Verdict} from '../stack/state.js'

/** How far a service has come; sent when that changes. */
export interface WaitEvent {
  type: 'service'
  service: string
  state: 'waiting' | 'ready'
  detail: string
}

export interface Limits {
  /** How everything was before the start: what happened then proves nothing now. */
  before: ServiceState[]
  /** Seconds. */
  timeout: number
  /** False: be content when everything has been started, which still waits for dependencies. */
  wait: boolean
}

/** While services start, a look costs them more than it tells; at the end, the last change ends the wait. */
const PACE_MS = {starting: 1500, started: 50}

/**
 * Starts the services and watches until all are ready; ends at the first that cannot become so.
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

/** Follows the states and tells what changed. Ends when all are ready, or with nothing at the signal. */
function observer(target: Target, before: ServiceState[], engine: Engine, on: Context<WaitEvent>['on']) {
  const said = new Map<string, string>()
  return async (phase: Phase, signal: AbortSignal): Promise<ServiceState[] | undefined> => {
    for await (const states of engine.watch({pace: PACE_MS[phase]}, signal)) {
      const verdicts = judgeAll(target, states, before, phase)
      for (const [service, verdict] of verdicts) {
        if (!target.services.includes(service) || verdict.is === 'hopeless') continue
        const {is, detail} = verdict
        if (said.get(service) !== detail) on({type: 'service', service, state: is, detail})
        said.set(service, detail)
      }
      await throwIfHopeless(verdicts, states, engine)
      // Until the engine has done its part, a service that is ready may still be about to be replaced.
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
  // Jobs first: when a job fails, the services behind it only wait.
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
      `${service} cannot start: ${found?.cause ?? verdict.why}`,
      {
        hint: found?.hint ?? 'run the same command again',
        evidence: found?.evidence ?? [],
      },
    )
  }
}

/** The engine's own words come last: a service that failed, or a port taken meanwhile, says more. */
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
    `after ${timeout} seconds ${waiting.map(([name]) => name).join(', ')} ${waiting.length === 1 ? 'is' : 'are'} not healthy`,
    {
      hint: `give the stack more time with --timeout ${timeout * 2}, or see what it does: ${logs}`,
      evidence,
    },
  )
}
