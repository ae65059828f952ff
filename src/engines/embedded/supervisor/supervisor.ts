import {EventEmitter} from 'node:events'
import type {ServiceState} from '../../../stack/state.js'
import type {LogLine, ServiceFacts} from '../../engine.js'
import type {Home} from '../home/home.js'
import {type Database, fingerprint, type Work} from '../service-spec.js'
import {Service} from './service.js'

/** A service as the engine is told of it; the fingerprint is that of its work. */
export type Supervised = ServiceState & {fingerprint: string}

/** All services of one stack, each started when what it needs is ready. */
export class Supervisor extends EventEmitter<{change: []; line: [LogLine]}> {
  readonly #services = new Map<string, Service>()
  /** Counts changes, so that who asks can tell whether there was one since. */
  version = 0
  #stopping: Promise<void> | undefined

  constructor(private readonly home: Home) {
    super()
    // As many as there are people who follow the logs.
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

  /** The database of the work that is under way. */
  get database(): Database | undefined {
    const run = this.#services.get('postgres')?.work.run
    return run && !('skipped' in run) ? run.database : undefined
  }

  /** Takes work on. What runs as it should is left alone; what changed is ended first. Others go on as they are. */
  run(works: Work[]): void {
    for (const work of works) {
      const old = this.#services.get(work.service)
      if (old?.fingerprint === fingerprint(work)) continue
      const around = {
        home: this.home,
        changed: () => this.#changed(),
        said: (line: LogLine) => this.emit('line', line),
      }
      this.#services.set(work.service, new Service(work, around, old?.stop()))
    }
    this.#changed()
  }

  /** Ends all: what others stand on last. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    const all = [...this.#services.values()]
    const base = new Set(all.flatMap(({work}) => work.needs))
    await Promise.all(all.filter(({work}) => !base.has(work.service)).map(async service => service.stop()))
    await Promise.all(all.filter(({work}) => base.has(work.service)).map(async service => service.stop()))
  }

  #changed(): void {
    this.version++
    this.emit('change')
    if (this.#stopping) return
    const isReady = (name: string): boolean => this.#services.get(name)?.isReady ?? true
    for (const service of this.#services.values())
      if (service.isDue && service.work.needs.every(isReady)) service.start()
  }
}
