import type {Profile} from '../config/profile.js'
import type {Context, Deadline, Engine} from '../engines/engine.js'
import {AquastreamError, type Problem, throwProblems} from '../errors.js'
import {checkJobReadiness, checkReadiness, type Phase, type Verdict} from '../stack/readiness.js'
import type {ServiceState} from '../stack/state.js'
import {startFailure, timeoutError, type Unready} from './failure.js'

/** The progress of one service; emitted when it changes. */
export interface WaitEvent {
  type: 'service'
  service: string
  state: 'waiting' | 'ready'
  detail: string
}

export interface WaitContext extends Context<WaitEvent> {
  /** The states before the start; restarts and ends from that time do not count. */
  before: ServiceState[]
  /** In seconds. */
  timeout: number
  /** False: return once every service has been started; dependencies are still waited for. */
  wait: boolean
}

/** A start to wait for. */
export interface Start {
  engine: Engine
  profile: Profile
  services: string[]
  /** Jobs that must finish before the services that need them are started. */
  jobs: string[]
  /** Starts the services; resolves when all have been started, which is before all are healthy. */
  run(signal: AbortSignal, deadline: Deadline): Promise<void>
  /** Finds the problems that explain a failure of the engine. */
  findProblems(signal: AbortSignal): Promise<Problem[]>
}

/** Minimum ms between two queries. During the start queries slow the services down; later the last change counts. */
const PACE_MS = {starting: 1500, started: 50}

/**
 * Starts the services and waits until all are ready. Fails as soon as one cannot become ready; as long as
 * its process runs, a service may take until the timeout.
 *
 * @throws service-failed, image-architecture, timeout: with the cause, the lines of the log that explain it, and the
 * last health check
 */
export async function startAndWait(start: Start, ctx: WaitContext): Promise<ServiceState[]> {
  const {signal, timeout, wait} = ctx
  const countdown = new Countdown(timeout * 1000)
  const late = countdown.signal
  const left = new AbortController()
  const until = AbortSignal.any([signal, late, left.signal])
  const watch = new StartWatch(start, ctx)
  const starting = start.run(until, countdown)
  try {
    await watch.follow('starting', AbortSignal.any([until, whenSettled(starting)]))
    await starting
    if (!wait) return await start.engine.states(signal)
    const states = await watch.follow('started', until)
    if (states) return states
    throw until.reason as Error
  } catch (error) {
    left.abort()
    const own = await failureOf(starting)
    // An engine says what it has left after an interrupt, and what it has returned to its previous version when it is too late.
    if (signal.aborted) throw own && own.exitCode >= 130 ? own : (signal.reason as Error)
    if (late.aborted) throw own?.code === 'timeout' ? own : await watch.tooLate()
    throw await watch.explain(error)
  } finally {
    countdown.end()
    left.abort()
    await starting.catch(() => undefined)
  }
}

async function failureOf(starting: Promise<void>): Promise<AquastreamError | undefined> {
  const reason: unknown = await starting.then(
    () => undefined,
    (error: unknown) => error,
  )
  return reason instanceof AquastreamError ? reason : undefined
}

function whenSettled(promise: Promise<void>): AbortSignal {
  const settled = new AbortController()
  const abort = (): void => {
    settled.abort()
  }
  promise.then(abort, abort)
  return settled.signal
}

/** Aborts its signal when the time is over. */
export class Countdown implements Deadline {
  readonly #late = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #hasEnded = false

  constructor(private readonly ms: number) {
    this.begin()
  }

  get signal(): AbortSignal {
    return this.#late.signal
  }

  begin(more = 0): void {
    clearTimeout(this.#timer)
    if (this.#hasEnded) return
    const abort = (): void => {
      this.#late.abort(new DOMException('the time is over', 'TimeoutError'))
    }
    this.#timer = setTimeout(abort, this.ms + more)
  }

  /** Also a later service, of an engine that is still returning to previous versions, begins no new time then. */
  end(): void {
    this.#hasEnded = true
    clearTimeout(this.#timer)
  }
}

/** Watches the services of one start, and remembers what was emitted for each. */
class StartWatch {
  readonly #emitted = new Map<string, string>()

  constructor(
    private readonly start: Start,
    private readonly ctx: WaitContext,
  ) {}

  /** Watches the states and emits changes. Returns the states once all are ready, or undefined when the signal aborts. */
  async follow(phase: Phase, signal: AbortSignal): Promise<ServiceState[] | undefined> {
    for await (const states of this.start.engine.watch({pace: PACE_MS[phase]}, signal)) {
      const verdicts = this.#checkAll(states, phase)
      for (const [service, verdict] of verdicts) this.#emit(service, verdict)
      if (phase === 'started' || !this.start.engine.reportsFailures)
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
      const states = await this.start.engine.states()
      await this.#throwIfFailed(this.#checkAll(states, 'starting'), states)
      throwProblems(await this.start.findProblems(AbortSignal.timeout(10_000)))
      return error
    } catch (better) {
      return better
    }
  }

  async tooLate(): Promise<AquastreamError> {
    const {engine, profile} = this.start
    const states = await engine.states()
    const waiting = [...this.#checkAll(states, 'started')].filter(([, {is}]) => is !== 'ready')
    const unready = waiting.map(([service]) => this.#pair(service, states))
    return timeoutError(engine, unready, {timeout: this.ctx.timeout, profile})
  }

  #pair(service: string, states: ServiceState[]): Unready {
    const of = (list: ServiceState[]): ServiceState | undefined =>
      list.find(candidate => candidate.service === service)
    return {service, now: of(states), before: of(this.ctx.before)}
  }

  #checkAll(states: ServiceState[], phase: Phase): Map<string, Verdict> {
    const verdict = (name: string, by: typeof checkReadiness): [string, Verdict] => {
      const {now, before} = this.#pair(name, states)
      return [name, by(now, before, phase)]
    }
    // Jobs come first: when a job fails, its dependents only wait.
    return new Map([
      ...this.start.jobs.map(name => verdict(name, checkJobReadiness)),
      ...this.start.services.map(name => verdict(name, checkReadiness)),
    ])
  }

  #emit(service: string, verdict: Verdict): void {
    if (!this.start.services.includes(service) || verdict.is === 'failed') return
    const {is, detail} = verdict
    if (this.#emitted.get(service) !== detail) this.ctx.on({type: 'service', service, state: is, detail})
    this.#emitted.set(service, detail)
  }

  async #throwIfFailed(verdicts: Map<string, Verdict>, states: ServiceState[]): Promise<void> {
    for (const [service, verdict] of verdicts) {
      if (verdict.is === 'failed')
        throw await startFailure(this.start.engine, this.#pair(service, states), verdict.why)
    }
  }
}
