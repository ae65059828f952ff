import type {Context, Engine, Plan} from '../engines/engine.js'
import {AquastreamError, throwProblems} from '../errors.js'
import {judge, judgeJob, type Phase, type ServiceState, type Verdict} from '../stack/state.js'

/** The progress of one service; emitted when it changes. */
export interface WaitEvent {
  type: 'service'
  service: string
  state: 'waiting' | 'ready'
  detail: string
}

export interface WaitContext extends Context<WaitEvent> {
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

/** Watches the services of one start, and remembers what was emitted for each. */
class StartWatch {
  readonly #emitted = new Map<string, string>()

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    private readonly ctx: WaitContext,
  ) {}

  /** Watches the states and emits changes. Returns the states once all are ready, or undefined when the signal aborts. */
  async follow(phase: Phase, signal: AbortSignal): Promise<ServiceState[] | undefined> {
    for await (const states of this.engine.watch({pace: PACE_MS[phase]}, signal)) {
      const verdicts = this.#judgeAll(states, phase)
      for (const [service, verdict] of verdicts) this.#emit(service, verdict)
      await this.#throwIfFailed(verdicts, states)
      // Before the engine has finished, a service that is ready may still be replaced.
      if (phase === 'started' && [...verdicts.values()].every(({is}) => is === 'ready')) return states
    }
    return undefined
  }

  /** Looks for a better explanation than the engine's error: a failed service, or a port that is in use by now. */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof AquastreamError) || error.code !== 'engine-failed') return error
    try {
      const states = await this.engine.states()
      await this.#throwIfFailed(this.#judgeAll(states, 'starting'), states)
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
      `${waiting.map(([name]) => name).join(', ')} ${waiting.length === 1 ? 'is' : 'are'} not healthy after ${timeout} seconds`,
      {
        hint: `allow more time with --timeout ${timeout * 2}, or find the cause in the log: ${logs}`,
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
    // Jobs come first: when a job fails, its dependents only wait.
    return new Map([
      ...jobs.map(name => verdict(name, judgeJob)),
      ...services.map(name => verdict(name, judge)),
    ])
  }

  #emit(service: string, verdict: Verdict): void {
    if (!this.plan.target.services.includes(service) || verdict.is === 'failed') return
    const {is, detail} = verdict
    if (this.#emitted.get(service) !== detail) this.ctx.on({type: 'service', service, state: is, detail})
    this.#emitted.set(service, detail)
  }

  async #throwIfFailed(verdicts: Map<string, Verdict>, states: ServiceState[]): Promise<void> {
    for (const [service, verdict] of verdicts) {
      if (verdict.is !== 'failed') continue
      const state = states.find(candidate => candidate.service === service)
      const found = state && (await this.engine.diagnose(state, verdict.why))
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
}
