import {setTimeout as sleep} from 'node:timers/promises'
import type {ServiceState} from '../../stack/state.js'
import {askStates, isListening} from './client.js'
import {findStackDirectory, type StackDirectory} from './stack-directory/stack-directory.js'
import {findLeftovers} from './stack-directory/orphans.js'
import type {Supervised} from './supervisor/supervisor.js'

/**
 * Returns whether a supervisor of the project or orphans of one are running, as far as this user may see. Missing
 * permissions are not an error, because the stack may run on Docker.
 */
export async function isAnythingRunning(project: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const stackDirectory = findStackDirectory(project, env)
  if (!stackDirectory) return false
  return (
    (await isListening(stackDirectory).catch(() => false)) || (await findLeftovers(stackDirectory)).size > 0
  )
}

/** Reads the states of all services from the supervisor; if it does not respond, reports the orphans. */
export async function readStates(
  stackDirectory: StackDirectory,
  signal?: AbortSignal,
): Promise<Supervised[]> {
  const isThere = await isListening(stackDirectory)
  const answer = isThere && (await askStates(stackDirectory, {signal}).catch(() => signal?.throwIfAborted()))
  if (answer) return answer.states
  const left = await findLeftovers(stackDirectory)
  const reason = isThere ? 'its supervisor does not respond' : 'its supervisor is not running'
  return [...left]
    .filter(([service]) => service !== 'supervisor')
    .map(([service, {pid}]) => unwatched(service, pid, reason))
}

function unwatched(service: string, pid: number, reason: string): Supervised {
  return {
    service,
    id: String(pid),
    profile: 'dev',
    state: 'running',
    health: 'unhealthy',
    since: undefined,
    restarts: 0,
    exitCode: 0,
    outOfMemory: false,
    failedChecks: 1,
    healthOutput: reason,
    image: service,
    imageId: service,
    stub: false,
    published: {},
    note: reason,
    fingerprint: '',
  }
}

/** How often to check, in ms, whether a supervisor has been started. */
const IDLE_MS = 1000

/** Yields the states now and again whenever they may have changed, until the signal aborts. */
export async function* watchStates(
  stackDirectory: StackDirectory,
  pace: number,
  signal: AbortSignal,
): AsyncGenerator<ServiceState[]> {
  let seen: number | undefined
  const isOver = (): boolean => signal.aborted
  while (!isOver()) {
    try {
      const news = await nextStates(stackDirectory, seen, signal)
      seen = news.version
      yield news.states
      await sleep(seen === undefined ? IDLE_MS : pace, undefined, {signal})
    } catch (error) {
      if (isOver()) return
      // The stack was stopped in the meantime; report that state.
      if (await isListening(stackDirectory)) throw error
    }
  }
}

async function nextStates(
  stackDirectory: StackDirectory,
  seen: number | undefined,
  signal: AbortSignal,
): Promise<{version: number | undefined; states: ServiceState[]}> {
  if (await isListening(stackDirectory)) return askStates(stackDirectory, {seen, signal})
  return {version: undefined, states: await readStates(stackDirectory, signal)}
}
