import {closePipesWhenKilled} from '../../../system/close-pipes.js'
import {execa} from '../../../system/execa.js'
import {dockerOptions} from '../../docker/options.js'
import {LABEL} from './states.js'

/** One event of a container, see https://docs.docker.com/reference/cli/docker/system/events/ */
export interface ContainerEvent {
  /** For example `start`, `die` or `health_status: healthy`. */
  action: string
  id: string
  /** In ISO 8601. */
  time: string
  /** The exit status of an event `die`. */
  exitCode?: number
}

/** How the last run of a container ended. */
export interface Death {
  exitCode: number
  /** The duration of the run, in whole seconds, rounded down. */
  seconds?: number
  /** Whether the kernel killed it because it exceeded its memory limit. */
  outOfMemory: boolean
}

/** Follows the events of the containers of a project, until it is closed or the signal aborts. */
export class EventStream {
  /** The last death of each container since the stream was opened, by ID. */
  readonly deaths = new Map<string, Death>()
  readonly #stop = new AbortController()
  readonly #running
  /** IDs of containers that exceeded their limit, and have not died yet. */
  readonly #outOfMemory = new Set<string>()
  #events: ContainerEvent[] = []
  #wake = (): void => undefined

  constructor(
    project: string,
    actions: string[],
    private readonly signal: AbortSignal,
  ) {
    const filters = [
      `label=${LABEL.project}=${project}`,
      'type=container',
      ...actions.map(action => `event=${action}`),
    ]
    // Docker needs a moment until it follows the events, and a service may have died by then.
    const since = new Date(Date.now() - 1000).toISOString()
    const args = ['events', '--since', since, '--format', '{{json .}}']
    const options = dockerOptions({signal: AbortSignal.any([signal, this.#stop.signal])})
    this.#running = closePipesWhenKilled(
      execa('docker', [...args, ...filters.flatMap(filter => ['--filter', filter])], {
        ...options,
        buffer: false,
      }),
    )
    void this.#read()
  }

  /** Resolves when there are events, after `idle` ms without any, when the stream ends, and when the signal aborts. */
  async next(idle: number): Promise<void> {
    if (this.#events.length > 0 || this.signal.aborted) return
    const woken = new Promise<void>(resolve => (this.#wake = resolve))
    const wake = this.#wake
    const timer = setTimeout(wake, idle)
    this.signal.addEventListener('abort', wake)
    await woken
    clearTimeout(timer)
    this.signal.removeEventListener('abort', wake)
  }

  /** Returns the events since the last call. */
  take(): ContainerEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  async #read(): Promise<void> {
    try {
      for await (const line of this.#running.iterable()) this.#add(JSON.parse(line) as DockerEvent)
    } catch {
      // It was stopped. If Docker Engine went away, the next query of its containers reports that.
    } finally {
      this.#wake()
    }
  }

  #add({Action: action, Actor: {ID: id, Attributes: attributes}, timeNano: time}: DockerEvent): void {
    const isDeath = action === 'die' && attributes.exitCode !== undefined
    this.#events.push({
      action,
      id,
      time: new Date(time / 1e6).toISOString(),
      ...(isDeath && {exitCode: Number(attributes.exitCode)}),
    })
    if (action === 'oom') this.#outOfMemory.add(id)
    if (action === 'die') {
      const [exitCode, seconds] = [attributes.exitCode, attributes.execDuration].map(Number)
      this.deaths.set(id, {exitCode: exitCode!, seconds: seconds!, outOfMemory: this.#outOfMemory.delete(id)})
    }
    this.#wake()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}

/** The part of the output of `docker events` that is used here. */
interface DockerEvent {
  Action: string
  Actor: {ID: string; Attributes: Partial<Record<string, string>>}
  timeNano: number
}
