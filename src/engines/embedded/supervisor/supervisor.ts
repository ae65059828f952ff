import {EventEmitter} from 'node:events'
import type {ServiceState} from '../../../stack/state.js'
import type {LogLine, ServiceFacts} from '../../engine.js'
import type {StackDirectory} from '../stack-directory/stack-directory.js'
import {type Database, fingerprint, type RunOrder} from '../service-spec.js'
import {Service} from './service.js'

/** The state of a service, with the fingerprint of its definition. */
export type Supervised = ServiceState & {fingerprint: string}

/** Runs all services of one stack, and starts each as soon as its dependencies are ready. */
export class Supervisor extends EventEmitter<{change: []; line: [LogLine]}> {
  readonly #services = new Map<string, Service>()
  /** Counts changes, so that a client can wait for the next one. */
  version = 0
  #stopping: Promise<void> | undefined

  constructor(private readonly stackDirectory: StackDirectory) {
    super()
    // Every client that follows the logs adds a listener.
    this.setMaxListeners(0)
  }

  get states(): Supervised[] {
    return [...this.#services.values()].map(({state, fingerprint}) => ({...state, fingerprint}))
  }

  get facts(): ServiceFacts[] {
    return [...this.#services.values()].map(({facts}) => facts)
  }

  get pids(): Map<string, number> {
    return new Map([...this.#services].flatMap(([name, {pid}]) => (pid ? [[name, pid]] : [])))
  }

  /** The database of the running stack. */
  get database(): Database | undefined {
    const run = this.#services.get('postgres')?.spec.run
    return run && !('skipped' in run) ? run.database : undefined
  }

  /**
   * Adds services. An unchanged one keeps running unless it is to be restarted, a changed one is stopped first; others
   * are not affected.
   */
  run({specs, restart}: RunOrder): void {
    const named = restart.flatMap(name => this.#services.get(name)?.spec ?? [])
    const others = named.filter(({service}) => specs.every(spec => spec.service !== service))
    for (const spec of [...specs, ...others]) {
      const old = this.#services.get(spec.service)
      const isUnchanged = old?.fingerprint === fingerprint(spec)
      if (isUnchanged && !old.isStopped() && !restart.includes(spec.service)) continue
      const around = {
        stackDirectory: this.stackDirectory,
        changed: () => this.#changed(),
        output: (line: LogLine) => this.emit('line', line),
      }
      const predecessor = old && {ended: old.stop(), isSame: isUnchanged}
      this.#services.set(spec.service, new Service(spec, around, predecessor))
    }
    this.#changed()
  }

  /** Stops services; each stays in the list until it is run again. */
  async stopServices(names: string[]): Promise<void> {
    await stopInOrder(names.flatMap(name => this.#services.get(name) ?? []))
  }

  /** Stops all services. */
  async stop(): Promise<void> {
    this.#stopping ??= stopInOrder([...this.#services.values()])
    return this.#stopping
  }

  #changed(): void {
    this.version++
    this.emit('change')
    if (this.#stopping) return
    const isReady = (name: string): boolean => this.#services.get(name)?.isReady ?? true
    for (const service of this.#services.values())
      if (service.isDue && service.spec.needs.every(isReady)) service.start()
  }
}

/** Stops dependents first, and what they need last. */
async function stopInOrder(services: Service[]): Promise<void> {
  const base = new Set(services.flatMap(({spec}) => spec.needs))
  const isBase = ({spec}: Service): boolean => base.has(spec.service)
  await Promise.all(services.filter(service => !isBase(service)).map(async service => service.stop()))
  await Promise.all(services.filter(isBase).map(async service => service.stop()))
}
