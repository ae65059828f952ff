import {closePipesWhenKilled} from '../../../system/close-pipes.js'
import {execa} from '../../../system/execa.js'
import {hasProcess, isStopped, type ServiceState} from '../../../stack/state.js'
import {docker, tryDocker} from '../../docker/command.js'
import {ANSWER_MS, dockerOptions} from '../../docker/options.js'
import type {MemoryUse} from '../../engine.js'
import type {Death} from './events.js'
import {unhealthySince} from './health.js'
import {STUB_IMAGE} from '../project.js'

/** The part of the output of `docker inspect` that is used here. */
export interface Container {
  Id: string
  /** Begins with a slash. */
  Name: string
  Created: string
  /** The ID of its image. */
  Image: string
  RestartCount: number
  Config: {
    Image: string
    /** Null for a container that another program created without any. */
    Labels: Record<string, string> | null
    Env: string[] | null
    /** Durations in nanoseconds; undefined for the default. */
    Healthcheck?: {Interval?: number; Timeout?: number; StartPeriod?: number}
  }
  State: {
    Status: ServiceState['state']
    ExitCode: number
    OOMKilled: boolean
    StartedAt: string
    FinishedAt: string
    Health?: {
      Status: ServiceState['health']
      FailingStreak: number
      Log?: {Start: string; ExitCode: number; Output: string}[]
    }
  }
  NetworkSettings: {Ports: Record<string, {HostIp: string; HostPort: string}[] | null>}
  /** How its last run ended, if its `die` event was received; `docker inspect` does not show it after a restart. */
  death?: Death
}

/** The labels that Compose sets on containers, and our own label for the profile. */
export const LABEL = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  hash: 'com.docker.compose.config-hash',
  dependencies: 'com.docker.compose.depends_on',
  oneOff: 'com.docker.compose.oneoff',
  profile: 'aquastream.profile',
} as const

/** Lists the containers of a project, one per service; while a container is being replaced, the newest. */
export async function listContainers(project: string, signal?: AbortSignal): Promise<Container[]> {
  const filters = [`label=${LABEL.project}=${project}`, `label=${LABEL.oneOff}=False`]
  const containers = await inspectListed(
    ['--all', ...filters.flatMap(filter => ['--filter', filter])],
    signal,
  )
  const byAge = containers.sort((a, b) => a.Created.localeCompare(b.Created))
  return [...new Map(byAge.map(container => [serviceOf(container), container])).values()]
}

/**
 * Returns the containers that `docker ps` lists with these arguments, of whatever project.
 * @throws engine-failed; the errors of tryDocker
 */
export async function inspectListed(args: string[], signal?: AbortSignal): Promise<Container[]> {
  const list = await docker(['ps', '--quiet', '--no-trunc', ...args], {signal})
  const ids = list.split('\n').filter(Boolean)
  if (ids.length === 0) return []
  // If a container has been removed since it was listed, inspect fails but still prints the others.
  const {stdout} = await tryDocker(['inspect', '--type', 'container', ...ids], {signal})
  return JSON.parse(stdout || '[]') as Container[]
}

export async function listVolumes(project: string): Promise<string[]> {
  const list = await docker(['volume', 'ls', '--quiet', '--filter', `label=${LABEL.project}=${project}`])
  return list.split('\n').filter(Boolean).sort()
}

export function serviceOf({Config: {Labels: labels}}: Container): string {
  return labels?.[LABEL.service] ?? ''
}

/** See hasProcess. */
export function isRunning({State: {Status: state}}: Container): boolean {
  return hasProcess({state})
}

/** Returns whether no process of a container runs now, although one did. */
function hasEnded({State: {Status: status}}: Container): boolean {
  return status === 'exited' || status === 'dead' || status === 'restarting'
}

export function toState(container: Container): ServiceState {
  const {State: state, Config: config, death} = container
  const since = isStopped({state: state.Status}) ? state.FinishedAt : state.StartedAt
  const unhealthy = unhealthySince(container)
  const ended = lastRun(container)
  return {
    service: serviceOf(container),
    id: container.Id,
    profile: config.Labels?.[LABEL.profile],
    state: state.Status,
    // Docker Engine calls a container unhealthy as soon as its process has ended.
    health: (isRunning(container) && state.Health?.Status) || 'none',
    since: since.startsWith('0001-') ? undefined : since,
    restarts: container.RestartCount,
    exitCode: exitCodeOf(container),
    ...(ended && {lastRun: ended}),
    outOfMemory: hasEnded(container) ? state.OOMKilled : (death?.outOfMemory ?? state.OOMKilled),
    ...(unhealthy && {unhealthySince: unhealthy}),
    failedChecks: state.Health?.FailingStreak ?? 0,
    healthOutput: state.Health?.Log?.at(-1)?.Output ?? '',
    image: config.Image,
    imageId: container.Image,
    stub: config.Image.startsWith(`${STUB_IMAGE}:`),
    published: published(container),
  }
}

/** After a restart, the exit status of a container is 0; the real one is known only from its `die` event. */
function exitCodeOf(container: Container): number | undefined {
  const {State: state, RestartCount: restarts, death} = container
  if (hasEnded(container) || restarts === 0) return state.ExitCode
  return death?.exitCode
}

/** The engine notes the start of a process when it already runs, and its first lines may be older by this many ms. */
const EARLY_MS = 1000

/** Returns the last run that has ended; the start of one that was followed by a restart only if its end was seen. */
function lastRun(container: Container): ServiceState['lastRun'] {
  const {State: state, RestartCount: restarts, death} = container
  const until = state.FinishedAt
  const end = Date.parse(until)
  if (hasEnded(container)) return {since: before(Math.min(Date.parse(state.StartedAt), end)), until}
  if (death?.seconds === undefined) return restarts > 0 ? {since: undefined, until} : undefined
  // The duration is rounded down.
  return {since: before(end - 1000 * (death.seconds + 1)), until}
}

function before(time: number): string {
  return new Date(time - EARLY_MS).toISOString()
}

function published({NetworkSettings: {Ports: ports}}: Container): Record<number, string> {
  return Object.fromEntries(
    Object.entries(ports).flatMap(([port, bindings]) => {
      const binding = bindings?.[0]
      return binding ? [[Number.parseInt(port, 10), `${reachable(binding.HostIp)}:${binding.HostPort}`]] : []
    }),
  )
}

/** A browser cannot open the wildcard address. */
function reachable(address: string): string {
  return address === '' || address === '0.0.0.0' || address === '::' ? 'localhost' : address
}

/** Measures the memory that running services use, in bytes; Docker Engine needs about a second for it. */
export async function memoryOf(states: ServiceState[]): Promise<Map<string, MemoryUse>> {
  const running = states.filter(({state}) => state === 'running')
  if (running.length === 0) return new Map()
  const {stdout} = await tryDocker([
    'stats',
    '--no-stream',
    '--no-trunc',
    '--format',
    '{{.ID}} {{.MemUsage}}',
    ...running.map(({id}) => id),
  ])
  return new Map(
    stdout.split('\n').flatMap(line => {
      const match = /^(\w+) ([\d.]+\w+) \/ ([\d.]+\w+)/.exec(line)
      const service = running.find(({id}) => id === match?.[1])?.service
      return match && service ? [[service, {used: toBytes(match[2]!), limit: toBytes(match[3]!)}]] : []
    }),
  )
}

/** Parses sizes as the docker command prints them, such as 12.5MiB. */
function toBytes(text: string): number {
  const exponent = ['B', 'KiB', 'MiB', 'GiB', 'TiB'].findIndex(unit => text.replace(/[\d.]+/, '') === unit)
  return Math.round(Number.parseFloat(text) * 1024 ** Math.max(exponent, 0))
}

/** Returns the profile of each project that has running containers; empty if Docker Engine is not available. */
export async function runningProjects(): Promise<Map<string, string>> {
  const format = `{{.Label "${LABEL.project}"}} {{.Label "${LABEL.profile}"}}`
  const args = ['ps', '--filter', `label=${LABEL.profile}`, '--format', format]
  const running = execa('docker', args, {...dockerOptions({}), timeout: ANSWER_MS})
  const {stdout} = await closePipesWhenKilled(running)
  return new Map(stdout.split('\n').map(line => line.split(' ', 2) as [string, string]))
}
