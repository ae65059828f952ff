import {setTimeout as delay} from 'node:timers/promises'
import {execa} from 'execa'
import type {WatchOptions} from '../engine.js'
import {dockerOptions} from './docker.js'
import {type Container, LABEL, listContainers} from './states.js'

/** Longest time that a change stays unseen when the engine does not report it. */
const IDLE_MS = 2000

/** The containers now, and again whenever the engine reports an event of the project; ends at the signal. */
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
  let news = ''
  let ring = (): void => undefined
  let idle: NodeJS.Timeout | undefined
  const ringBell = (): void => {
    ring()
  }
  stream.stdout.on('data', chunk => {
    news += String(chunk)
    ring()
  })
  stream.stdout.on('close', ringBell)
  signal.addEventListener('abort', ringBell)
  try {
    let containers = await listContainers(project, signal)
    while (!signal.aborted) {
      const rung = new Promise<void>(resolve => (ring = resolve))
      if (news === '') idle = setTimeout(ringBell, IDLE_MS)
      else ring()
      yield containers
      await rung
      clearTimeout(idle)
      await delay(pace, undefined, {signal})
      const heard = news
      news = ''
      containers = withHealthy(containers, heard) ?? (await listContainers(project, signal))
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearTimeout(idle)
    signal.removeEventListener('abort', ringBell)
    stop.abort()
    await stream
  }
}

/**
 * The containers with those healthy that became so, when nothing else was heard: looking again would cost two
 * processes per service, and they are missed where every core is busy with starting.
 */
function withHealthy(containers: Container[], heard: string): Container[] | undefined {
  const ids = heard
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
