import {setTimeout as delay} from 'node:timers/promises'
import {execa} from '../../../system/execa.js'
import type {WatchOptions} from '../../engine.js'
import {dockerOptions} from '../docker.js'
import {type Container, LABEL, listContainers} from './states.js'

/** The containers are listed at least this often, in ms, in case Docker Engine does not report an event. */
const IDLE_MS = 2000

/** Yields the containers now and again after each event of the project, until the signal aborts. */
export async function* watchContainers(
  project: string,
  {pace, events = EVENTS}: WatchOptions & {events?: string[]},
  signal: AbortSignal,
): AsyncGenerator<Container[]> {
  const filters = [
    `label=${LABEL.project}=${project}`,
    'type=container',
    ...events.map(event => `event=${event}`),
  ]
  const args = [
    'events',
    '--format',
    '{{.Action}} {{.Actor.ID}}',
    ...filters.flatMap(filter => ['--filter', filter]),
  ]
  const stop = new AbortController()
  const stream = execa('docker', args, {
    ...dockerOptions({signal: AbortSignal.any([signal, stop.signal])}),
    buffer: false,
  })
  let received = ''
  let resolveWoken = (): void => undefined
  let idle: NodeJS.Timeout | undefined
  const wake = (): void => {
    resolveWoken()
  }
  stream.stdout.on('data', chunk => {
    received += String(chunk)
    wake()
  })
  stream.stdout.on('close', wake)
  signal.addEventListener('abort', wake)
  try {
    let containers = await listContainers(project, signal)
    while (!signal.aborted) {
      const woken = new Promise<void>(resolve => (resolveWoken = resolve))
      if (received === '') idle = setTimeout(wake, IDLE_MS)
      else wake()
      yield containers
      await woken
      clearTimeout(idle)
      await delay(pace, undefined, {signal})
      const lines = received
      received = ''
      containers = withHealthy(containers, lines) ?? (await listContainers(project, signal))
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearTimeout(idle)
    signal.removeEventListener('abort', wake)
    stop.abort()
    await stream
  }
}

/**
 * Marks containers as healthy if all events say only that. Listing them again would start two more processes per
 * service, while every processor is busy starting services.
 */
function withHealthy(containers: Container[], events: string): Container[] | undefined {
  const ids = events
    .split('\n')
    .flatMap(line => (line ? [/^health_status: healthy (\w+)$/.exec(line)?.[1]] : []))
  if (
    ids.length === 0 ||
    !ids.every(id =>
      containers.some(({Id, State}) => Id === id && State.Status === 'running' && State.Health),
    )
  )
    return undefined
  return containers.map(container => {
    const {Id, State: state} = container
    if (!ids.includes(Id) || !state.Health) return container
    return {...container, State: {...state, Health: {...state.Health, Status: 'healthy', FailingStreak: 0}}}
  })
}

const EVENTS = ['create', 'start', 'die', 'oom', 'destroy', 'health_status']
