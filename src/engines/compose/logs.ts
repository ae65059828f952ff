import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {execa} from '../../system/execa.js'
import {splitIntoBatches} from '../../system/text/split-lines.js'
import {dockerOptions} from '../docker/options.js'
import {throwIfUnreachable} from '../docker/problem.js'
import type {LogLine, LogQuery} from '../engine.js'
import {mergeByTime} from '../merge.js'
import {type Container, isRunning, listContainers, serviceOf} from './containers/states.js'
import {watchContainers} from './containers/watch.js'

/** Reads the log lines of the requested services in chronological order, and then, with `follow`, new lines. */
export async function* readLogs(
  project: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const containers = (await listContainers(project, signal)).filter(container =>
    isWanted(container, query.services),
  )
  const now = new Date().toISOString()
  const range = [
    ...(query.since === undefined ? [] : ['--since', query.since]),
    ...(query.tail === undefined ? [] : ['--tail', String(query.tail)]),
    ...(query.follow ? ['--until', now] : []),
  ]
  yield* mergeByTime(containers.map(container => readOne(container, range, signal)))
  if (query.follow) yield* follow(project, {services: query.services, since: now}, signal)
}

function isWanted(container: Container, services: string[]): boolean {
  return services.length === 0 || services.includes(serviceOf(container))
}

/**
 * Runs a docker command with stderr redirected to stdout: with two pipes, a reader of one would block forever once the
 * other is full. The shell receives the arguments as positional parameters and does not interpret them.
 */
async function* readLines(args: string[], signal: AbortSignal): AsyncGenerator<string[]> {
  const stop = new AbortController()
  const running = closePipesWhenKilled(
    execa('sh', ['-c', 'exec docker "$@" 2>&1', 'docker', ...args], {
      ...dockerOptions({signal: AbortSignal.any([signal, stop.signal])}),
      buffer: false,
    }),
  )
  try {
    yield* splitIntoBatches(running.stdout)
  } finally {
    stop.abort()
    const {exitCode, isCanceled} = await running
    signal.throwIfAborted()
    if (exitCode !== 0 && !isCanceled) await throwIfUnreachable()
  }
}

async function* readOne(
  container: Container,
  range: string[],
  signal: AbortSignal,
): AsyncGenerator<LogLine[]> {
  const service = serviceOf(container)
  for await (const lines of readRange(container.Id, range, signal))
    yield lines.map(({time, text}) => ({service, time, text}))
}

type TimedText = Pick<LogLine, 'time' | 'text'>

/** Reads the lines of one container, as far as the options of `docker logs` select them, in batches. */
export async function* readRange(
  id: string,
  options: string[],
  signal: AbortSignal,
): AsyncGenerator<TimedText[]> {
  for await (const lines of readLines(['logs', '--timestamps', ...options, id], signal))
    yield lines.flatMap(line => splitLine(line) ?? [])
}

/** Splits a line that Docker Engine has written with its time. */
export function splitLine(line: string): TimedText | undefined {
  const [, time, text] = /^(\d{4}-\d\d-\d\dT\S+Z) ?(.*)$/s.exec(line) ?? []
  // A container with a terminal ends its lines with CRLF.
  return time === undefined ? undefined : {time, text: (text ?? '').replace(/\r$/, '')}
}

/** Compose 2.26 writes this sequence before each line, even without a terminal. */
const CLEAR_LINE = '\u001B[2K'

/**
 * Follows new lines. `docker compose logs --follow` includes new containers, but exits when the last followed container
 * has stopped, so it is run again when a service has been restarted.
 */
async function* follow(
  project: string,
  {services, since}: {services: string[]; since: string},
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  let seen = since
  do {
    const resumed = seen
    for await (const line of followOnce(project, {services, since: resumed}, signal)) {
      if (line.time <= resumed) continue
      if (line.time > seen) seen = line.time
      yield line
    }
  } while (await isRestarted(project, services, signal))
}

/** Waits until one of the services runs again. Returns false if their containers have been removed. */
async function isRestarted(project: string, services: string[], signal: AbortSignal): Promise<boolean> {
  for await (const containers of watchContainers(project, {pace: 100}, signal)) {
    const followed = containers.filter(container => isWanted(container, services))
    if (followed.length === 0) return false
    if (followed.some(isRunning)) return true
  }
  return false
}

/** Compose prints lines such as `user-1  | TIME TEXT`. */
async function* followOnce(
  project: string,
  {services, since}: {services: string[]; since: string},
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const args = [
    'compose',
    '--ansi',
    'never',
    '-p',
    project,
    'logs',
    '--follow',
    '--timestamps',
    '--since',
    since,
    ...services,
  ]
  for await (const lines of readLines(args, signal)) {
    for (const line of lines) {
      const [, service, rest] = /^(\S+?)-\d+ +\| (.*)$/s.exec(line.replace(CLEAR_LINE, '')) ?? []
      const parsed = rest === undefined ? undefined : splitLine(rest)
      if (service && parsed) yield {service, ...parsed}
    }
  }
}
