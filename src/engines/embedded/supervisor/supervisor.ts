import {EventEmitter} from 'node:events'
import type {ServiceState} from '../../../stack/state.js'
import type {LogLine, ServiceFacts} from '../../engine.js'
import type {Home} from '../home/home.js'
import {type Database, fingerprint, type ServiceSpec} from '../service-spec.js'
import {Service} from './service.js'

/** The state of a service, with the fingerprint of its definition. */
export type Supervised = ServiceState & {fingerprint: string}

/** Runs all services of one stack, and starts each as soon as its dependencies are ready. */
export class Supervisor extends EventEmitter<{change: []; line: [LogLine]}> {
  readonly #services = new Map<string, Service>()
  /** Counts changes, so that a client can wait for the next one. */
  version = 0
  #stopping: Promise<void> | undefined

  constructor(private readonly home: Home) {
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

  /** Adds services. An unchanged one keeps running, a changed one is stopped first; others are not affected. */
  run(specs: ServiceSpec[]): void {
    for (const spec of specs) {
      const old = this.#services.get(spec.service)
      if (old?.fingerprint === fingerprint(spec)) continue
      const around = {
        home: this.home,
        changed: () => this.#changed(),
        output: (line: LogLine) => this.emit('line', line),
      }
      this.#services.set(spec.service, new Service(spec, around, old?.stop()))
    }
    this.#changed()
  }

  /** Stops all services: dependents first, their dependencies last. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    const all = [...this.#services.values()]
    const base = new Set(all.flatMap(({spec}) => spec.needs))
    await Promise.all(all.filter(({spec}) => !base.has(spec.service)).map(async service => service.stop()))
    await Promise.all(all.filter(({spec}) => base.has(spec.service)).map(async service => service.stop()))
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
