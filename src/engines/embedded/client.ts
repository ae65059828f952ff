import {once} from 'node:events'
import {type IncomingMessage, request} from 'node:http'
import {json} from 'node:stream/consumers'
import {AquastreamError} from '../../errors.js'
import {connectTo} from '../../system/connect-to.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {splitLines} from '../../system/text/split-lines.js'
import type {LogLine, ServiceFacts} from '../engine.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'
import type {Database, RunOrder} from './service-spec.js'
import type {Supervised} from './supervisor/supervisor.js'

/** A supervisor answers at once; no answer for this long, in ms, means that it hangs. */
const TIMEOUT_MS = 10_000
/** PostgreSQL writes a checkpoint before it exits. */
const STOP_TIMEOUT_MS = 90_000

/**
 * Returns whether a supervisor listens on the socket. A pid would prove nothing, since it may have been reused, but the
 * socket of a dead supervisor refuses connections.
 * @throws state-directory: this user may not enter the directory of the stack
 */
export async function isListening({path, socket: address}: StackDirectory): Promise<boolean> {
  try {
    const socket = await connectTo(address)
    socket.destroy()
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') return false
    throw new AquastreamError(
      'state-directory',
      `this user may not check whether a stack is running in ${path}`,
      {
        hint: 'run the command as the user who started the stack, or set XDG_STATE_HOME to an accessible directory',
        cause: error,
      },
    )
  }
}

/** Returns the current states; with `seen`, waits up to 2 s until they have changed since that version. */
export async function askStates(
  stackDirectory: StackDirectory,
  {seen, signal}: {seen?: number | undefined; signal?: AbortSignal | undefined} = {},
): Promise<{version: number; states: Supervised[]}> {
  return ask(stackDirectory, `GET /states${seen === undefined ? '' : `?seen=${seen}`}`, {signal})
}

/** Returns the details of each service beyond its state. */
export async function askFacts(
  stackDirectory: StackDirectory,
  signal?: AbortSignal,
): Promise<ServiceFacts[]> {
  return ask(stackDirectory, 'GET /facts', {signal})
}

/** Returns the memory in use by each service, in bytes. */
export async function askMemory(stackDirectory: StackDirectory): Promise<Record<string, number>> {
  return ask(stackDirectory, 'GET /memory')
}

/** Returns how to connect to the database of the stack; null if none is running. */
export async function askDatabase(stackDirectory: StackDirectory): Promise<Database | null> {
  return ask(stackDirectory, 'GET /database')
}

/** Sends the services to run; the supervisor answers before they have been started. */
export async function sendSpecs(stackDirectory: StackDirectory, order: RunOrder): Promise<void> {
  await ask(stackDirectory, 'POST /run', {body: order})
}

/**
 * Stops services, which the supervisor keeps in its list.
 * @param signal aborts the wait, not the stop
 */
export async function askToStopServices(
  stackDirectory: StackDirectory,
  services: string[],
  signal: AbortSignal,
): Promise<void> {
  await ask(stackDirectory, 'POST /stop-services', {body: services, signal, timeout: STOP_TIMEOUT_MS})
}

/**
 * Stops all services and then the supervisor.
 * @param signal aborts the wait, not the stop
 */
export async function askToStop(stackDirectory: StackDirectory, signal: AbortSignal): Promise<void> {
  await ask(stackDirectory, 'POST /stop', {signal, timeout: STOP_TIMEOUT_MS})
}

/**
 * Subscribes to the new log lines of all services. They end when the supervisor exits, and also when they are read too
 * slowly: the log files have the rest. Returns undefined if no supervisor responds.
 * @throws state-directory: this user may not enter the directory of the stack
 */
export async function followLines(
  stackDirectory: StackDirectory,
  signal: AbortSignal,
): Promise<AsyncGenerator<LogLine> | undefined> {
  if (!(await isListening(stackDirectory))) return undefined
  try {
    const asking = request({socketPath: stackDirectory.socket, path: '/lines', signal, agent: false})
    asking.end()
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    return linesIn(response, signal)
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function* linesIn(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<LogLine> {
  try {
    for await (const line of splitLines(response)) yield JSON.parse(line) as LogLine
  } catch {
    // The supervisor has exited, or has ended the response.
    signal.throwIfAborted()
  }
}

interface AskOptions {
  body?: unknown
  signal?: AbortSignal | undefined
  /** In ms. */
  timeout?: number
}

async function ask<T>(
  {socket}: StackDirectory,
  route: `${'GET' | 'POST'} /${string}`,
  {body, signal, timeout = TIMEOUT_MS}: AskOptions = {},
): Promise<T> {
  const [method, path] = route.split(' ', 2)
  const late = AbortSignal.timeout(timeout)
  const until = signal ? AbortSignal.any([signal, late]) : late
  try {
    const asking = request({socketPath: socket, method, path, signal: until, agent: false})
    asking.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    const answer = (await json(response)) as T
    if (response.statusCode === 200) return answer
    throw new Error(JSON.stringify(answer))
  } catch (error) {
    signal?.throwIfAborted()
    throw new AquastreamError(
      'engine-failed',
      `the supervisor of the embedded engine does not respond (${late.aborted ? 'timeout' : (error as Error).message})`,
      {
        hint: 'stop it and its services: aquastream env:down --profile dev; then start them again: aquastream env:up --profile dev',
        cause: error,
      },
    )
  }
}
