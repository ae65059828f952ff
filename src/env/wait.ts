import type {Context, Engine, Plan} from '../engines/engine.js'
import {AquastreamError, throwProblems} from '../errors.js'
import {judge, judgeJob, type Phase, type ServiceState, type Verdict} from '../stack/state.js'

/** How far a service has come; sent when that changes. */
export interface WaitEvent {
  type: 'service'
  service: string
  state: 'waiting' | 'ready'
  detail: string
}

export interface WaitContext extends Context<WaitEvent> {
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
export async function startAndWait(engine: Engine, plan: Plan, ctx: WaitContext): Promise<ServiceState[]> {
  const {signal, timeout, wait} = ctx
  const late = AbortSignal.timeout(timeout * 1000)
  const left = new AbortController()
  const until = AbortSignal.any([signal, late, left.signal])
  const watch = new StartWatch(engine, plan, ctx)
  const starting = engine.start(plan, until)
  try {
    await watch.follow('starting', AbortSignal.any([until, whenSettled(starting)]))
    await starting
    if (!wait) return await engine.states(signal)
    const states = await watch.follow('started', until)
    if (states) return states
    throw until.reason as Error
  } catch (error) {
    signal.throwIfAborted()
    if (late.aborted) throw await watch.tooLate()
    throw await watch.explain(error)
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

/** Judges the services of one start, again and again, and remembers what was reported of each. */
class StartWatch {
  readonly #reported = new Map<string, string>()

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    private readonly ctx: WaitContext,
  ) {}

  /** Follows the states and reports what changed. Ends when all are ready, or with nothing at the signal. */
  async follow(phase: Phase, signal: AbortSignal): Promise<ServiceState[] | undefined> {
    for await (const states of this.engine.watch({pace: PACE_MS[phase]}, signal)) {
      const verdicts = this.#judgeAll(states, phase)
      for (const [service, verdict] of verdicts) this.#report(service, verdict)
      await this.#throwIfHopeless(verdicts, states)
      // Until the engine has done its part, a service that is ready may still be about to be replaced.
      if (phase === 'started' && [...verdicts.values()].every(({is}) => is === 'ready')) return states
    }
    return undefined
  }

  /** The engine's own words come last: a service that failed, or a port taken meanwhile, says more. */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof AquastreamError) || error.code !== 'engine-failed') return error
    try {
      const states = await this.engine.states()
      await this.#throwIfHopeless(this.#judgeAll(states, 'starting'), states)
      throwProblems((await this.engine.plan(this.plan.target, AbortSignal.timeout(10_000))).problems)
      return error
    } catch (better) {
      return better
    }
  }

  async tooLate(): Promise<AquastreamError> {
    const {timeout} = this.ctx
    const states = await this.engine.states()
    const waiting = [...this.#judgeAll(states, 'started')].filter(([, {is}]) => is !== 'ready')
    const slowest = states.find(
      ({service, state}) => state === 'running' && waiting.some(([name]) => name === service),
    )
    const logs = ['aquastream logs', slowest?.service, '--profile', this.plan.target.settings.profile]
      .filter(Boolean)
      .join(' ')
    const evidence = slowest ? (await this.engine.diagnose(slowest, 'timeout')).evidence : []
    return new AquastreamError(
      'timeout',
      `after ${timeout} seconds ${waiting.map(([name]) => name).join(', ')} ${waiting.length === 1 ? 'is' : 'are'} not healthy`,
      {
        hint: `give the stack more time with --timeout ${timeout * 2}, or see what it does: ${logs}`,
        evidence,
      },
    )
  }

  #judgeAll(states: ServiceState[], phase: Phase): Map<string, Verdict> {
    const {services, jobs} = this.plan.target
    const verdict = (name: string, by: typeof judge): [string, Verdict] => {
      const of = (list: ServiceState[]): ServiceState | undefined =>
        list.find(({service}) => service === name)
      return [name, by(of(states), of(this.ctx.before), phase)]
    }
    // Jobs first: when a job fails, the services behind it only wait.
    return new Map([
      ...jobs.map(name => verdict(name, judgeJob)),
      ...services.map(name => verdict(name, judge)),
    ])
  }

  #report(service: string, verdict: Verdict): void {
    if (!this.plan.target.services.includes(service) || verdict.is === 'hopeless') return
    const {is, detail} = verdict
    if (this.#reported.get(service) !== detail) this.ctx.on({type: 'service', service, state: is, detail})
    this.#reported.set(service, detail)
  }

  async #throwIfHopeless(verdicts: Map<string, Verdict>, states: ServiceState[]): Promise<void> {
    for (const [service, verdict] of verdicts) {
      if (verdict.is !== 'hopeless') continue
      const state = states.find(candidate => candidate.service === service)
      const found = state && (await this.engine.diagnose(state, verdict.why))
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
}
