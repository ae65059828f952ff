import {setTimeout as sleep} from 'node:timers/promises'
import type {ServiceState} from '../../../stack/state.js'
import type {LogLine, ServiceFacts} from '../../engine.js'
import type {StackDirectory} from '../stack-directory/stack-directory.js'
import {fingerprint, type Database, type Run, type ServiceSpec} from '../service-spec.js'
import {prepareDatabase} from './database.js'
import {makeFolders} from './folders.js'
import {type WatchedProgram, startWithWatchdog} from './watchdog.js'
import {HealthRecord} from './health-record.js'
import {watchHealth} from './health-watch.js'
import {LogFile} from './log-file.js'
import {stamp} from './timestamp.js'

/** A program that exits is restarted after a pause, which doubles until a run has lasted for LASTED_MS. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
const LASTED_MS = 10_000
/** How long a program may take to exit before it is killed: PostgreSQL writes a checkpoint. */
const GRACE_MS = {SIGINT: 60_000, SIGTERM: 5000}

/** What a service uses and notifies. */
export interface Surroundings {
  stackDirectory: StackDirectory
  changed(): void
  output(line: LogLine): void
}

let made = 0

/** One supervised service: its program is started, checked, and restarted when it exits. */
export class Service {
  readonly fingerprint: string
  readonly #id = `${process.pid}.${++made}`
  readonly #stopping = new AbortController()
  readonly #log: LogFile
  #state: ServiceState['state'] = 'created'
  #health: ServiceState['health'] = 'none'
  #since: string | undefined
  #restarts = 0
  #exitCode = 0
  readonly #checks = new HealthRecord()
  #program: WatchedProgram | undefined
  #life: Promise<void> | undefined

  /** @param predecessor the previous service of the same name: when it has ended, and whether it had this definition */
  constructor(
    readonly spec: ServiceSpec,
    private readonly around: Surroundings,
    private readonly predecessor?: {ended: Promise<void>; isSame: boolean},
  ) {
    this.fingerprint = fingerprint(spec)
    this.#log = new LogFile(around.stackDirectory.log(spec.service), {isNew: !predecessor?.isSame})
    if ('skipped' in spec.run) this.#state = 'skipped'
  }

  get isReady(): boolean {
    return this.#state === 'skipped' || (this.#state === 'running' && this.#health === 'healthy')
  }

  get isDue(): boolean {
    return this.#life === undefined && this.#state === 'created'
  }

  isStopped(): boolean {
    return this.#stopping.signal.aborted
  }

  get pid(): number | undefined {
    return this.#program?.pid
  }

  get state(): ServiceState {
    const {service, image, stub, published, run} = this.spec
    const {checks, failedChecks, unhealthySince} = this.#checks
    return {
      service,
      id: this.#id,
      profile: 'dev',
      state: this.#state,
      health: this.#health,
      since: this.#since,
      restarts: this.#restarts,
      exitCode: this.#exitCode,
      outOfMemory: false,
      ...(unhealthySince !== undefined && {unhealthySince}),
      failedChecks,
      healthOutput: checks.at(-1)?.output ?? '',
      image,
      imageId: image,
      stub,
      published: 'skipped' in run ? {} : published,
      ...('skipped' in run && {note: run.skipped}),
    }
  }

  get facts(): ServiceFacts {
    const {run, service} = this.spec
    const environment = 'skipped' in run ? {} : {...run.env, ...secretsBeside(run)}
    return {service, checks: this.#checks.checks, environment}
  }

  start(): void {
    const {run} = this.spec
    if (!('skipped' in run)) this.#life = this.#live(run)
  }

  /** Stops the service permanently; a new one of the same definition continues its log. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const {run} = this.spec
    if (!('skipped' in run)) {
      this.#program?.kill(run.stop)
      const late = setTimeout(() => this.#program?.kill('SIGKILL'), GRACE_MS[run.stop])
      await this.#life
      clearTimeout(late)
      this.#become('exited', 'none')
    }
    this.#log.close()
  }

  async #live(run: Run): Promise<void> {
    await this.predecessor?.ended
    if (this.isStopped()) return
    let pause = FIRST_PAUSE_MS
    for (;;) {
      const began = performance.now()
      await this.#runOnce(run)
      if (this.isStopped()) return
      if (performance.now() - began > LASTED_MS) pause = FIRST_PAUSE_MS
      this.#restarts++
      this.#become('restarting', 'none')
      await sleep(pause, undefined, {signal: this.#stopping.signal}).catch(() => undefined)
      if (this.isStopped()) return
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    }
  }

  async #runOnce(run: Run): Promise<void> {
    const {stackDirectory} = this.around
    this.#become('running', 'starting')
    try {
      await makeFolders(run, stackDirectory)
      if (hasDatabase(run)) await prepareDatabase({stackDirectory, run, log: line => this.#say(line)})
      if (this.isStopped()) return
      this.#program = await startWithWatchdog({stackDirectory, service: this.spec.service}, run, line =>
        this.#say(line),
      )
      this.#program.stdin.end(run.input ?? '')
      if (this.isStopped()) this.#program.kill(run.stop)
      const over = new AbortController()
      const watching = this.#watchHealth(run, over.signal)
      const {exitCode, signal} = await this.#program.ended
      over.abort()
      await watching
      this.#exitCode = exitCode
      this.#say(
        `aquastream: the program ${signal ? `was ended by ${signal}` : `exited with status ${exitCode}`}`,
      )
    } catch (error) {
      this.#exitCode = 1
      this.#say(`aquastream: the program could not be started: ${(error as Error).message}`)
    } finally {
      this.#program = undefined
    }
  }

  async #watchHealth({health}: Run, over: AbortSignal): Promise<void> {
    this.#checks.reset()
    for await (const result of watchHealth(health, over)) {
      const found = this.#checks.add(result)
      if (found) this.#become('running', found)
    }
  }

  #become(state: ServiceState['state'], health: ServiceState['health']): void {
    if (state !== this.#state) this.#since = new Date().toISOString()
    const isNews = state !== this.#state || health !== this.#health
    this.#state = state
    this.#health = health
    if (isNews) this.around.changed()
  }

  #say(text: string): void {
    const line = {service: this.spec.service, time: stamp(), text}
    this.#log.write(`${line.time} ${text}`)
    this.around.output(line)
  }
}

/** Secrets that are not passed as environment variables, by the names of their settings. */
function secretsBeside({database, health}: Run): Record<string, string> {
  return {
    ...(database && {POSTGRES_PASSWORD: database.password}),
    ...(health.by === 'redis' && {REDIS_PASSWORD: health.password}),
  }
}

function hasDatabase(run: Run): run is Run & {database: Database} {
  return run.database !== undefined
}
