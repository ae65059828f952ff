import {setTimeout as delay} from 'node:timers/promises'
import type {WatchOptions} from '../../engine.js'
import {type ContainerEvent, EventStream} from './events.js'
import {type Container, listContainers} from './states.js'

/** The containers are listed at least this often, in ms, in case Docker Engine does not report an event. */
const IDLE_MS = 2000

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
      containers = withHealthy(containers, stream.take()) ?? (await listContainers(project, signal))
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
 * Marks containers as healthy if all events say only that. Listing them again would start two more processes per
 * service, while every processor is busy starting services.
 */
function withHealthy(containers: Container[], events: ContainerEvent[]): Container[] | undefined {
  const ids = events.map(({id}) => id)
  const isExpected = ({action, id}: ContainerEvent): boolean =>
    action === 'health_status: healthy' &&
    containers.some(({Id, State}) => Id === id && State.Status === 'running' && State.Health)
  if (events.length === 0 || !events.every(isExpected)) return undefined
  return containers.map(container => {
    const {Id, State: state} = container
    if (!ids.includes(Id) || !state.Health) return container
    return {...container, State: {...state, Health: {...state.Health, Status: 'healthy', FailingStreak: 0}}}
  })
}
