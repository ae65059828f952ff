import {setTimeout as delay} from 'node:timers/promises'
import {JOBS} from '../../../stack/catalogue.js'
import type {WatchOptions} from '../../engine.js'
import {type ContainerEvent, EventStream} from './events.js'
import {type Container, listContainers, serviceOf} from './states.js'

/** The containers are listed at least this often, in ms, in case Docker Engine does not report an event. */
const IDLE_MS = 5000

const EVENTS = ['create', 'start', 'die', 'oom', 'destroy', 'health_status']

/** Yields the containers now and again after each event of the project, until the signal aborts. */
export async function* watchContainers(
  project: string,
  {pace, events = EVENTS}: WatchOptions & {events?: string[]},
  signal: AbortSignal,
): AsyncGenerator<Container[]> {
  const stream = new EventStream(project, events, signal)
  try {
    let containers = await listContainers(project, signal)
    while (!signal.aborted) {
      yield containers.map(container => withDeath(container, stream))
      await stream.next(IDLE_MS)
      await delay(pace, undefined, {signal})
      containers = withEvents(containers, stream.take()) ?? (await listContainers(project, signal))
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await stream.close()
  }
}

/** The state of a container that has already been restarted does not show how its last run ended. */
function withDeath(container: Container, {deaths}: EventStream): Container {
  const death = deaths.get(container.Id)
  return death ? {...container, death} : container
}

/**
 * Applies events to containers; undefined if an event says too little, so that they have to be listed again. That would start
 * two more processes per event, while every processor is busy starting services.
 */
function withEvents(containers: Container[], events: ContainerEvent[]): Container[] | undefined {
  if (events.length === 0) return undefined
  let now: Container[] | undefined = containers
  for (const event of events) now = now && withEvent(now, event)
  return now
}

function withEvent(containers: Container[], event: ContainerEvent): Container[] | undefined {
  const container = containers.find(({Id}) => Id === event.id)
  const state = container && stateAfter(container, event)
  if (!state) return undefined
  return containers.map(other =>
    other === container ? {...other, State: {...other.State, ...state}} : other,
  )
}

/**
 * Returns what an event changes. Only of a first start, of a success of a job and of a success of health checks is the event the
 * whole truth. An event from before the current run, which can be received late, changes nothing.
 */
function stateAfter(
  container: Container,
  {action, time, exitCode}: ContainerEvent,
): Partial<Container['State']> | undefined {
  const {State: state, Config: config} = container
  if (Date.parse(time) < Date.parse(state.StartedAt)) return {}
  if (action === 'start' && state.Status === 'created') {
    const health = {Status: 'starting', FailingStreak: 0} as const
    return {Status: 'running', StartedAt: time, ...(config.Healthcheck ? {Health: health} : {})}
  }
  if (action === 'die' && isJob(container) && exitCode === 0)
    return {Status: 'exited', ExitCode: 0, FinishedAt: time}
  if (action === 'health_status: healthy' && state.Status === 'running' && state.Health)
    return {Health: {...state.Health, Status: 'healthy', FailingStreak: 0}}
  return undefined
}

function isJob(container: Container): boolean {
  return JOBS.some(({name}) => name === serviceOf(container))
}
