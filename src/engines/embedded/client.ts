import {once} from 'node:events'
import {type IncomingMessage, request} from 'node:http'
import {connect} from 'node:net'
import {createInterface} from 'node:readline'
import {json} from 'node:stream/consumers'
import {AquastreamError} from '../../errors.js'
import {errnoOf} from '../../system/files/file-errors.js'
import type {LogLine, ServiceFacts} from '../engine.js'
import type {Home} from './home/home.js'
import type {Database, Work} from './service-spec.js'
import type {Supervised} from './supervisor/supervisor.js'

/** A supervisor answers at once: one that is silent for so long, in ms, hangs. */
const TIMEOUT_MS = 10_000

/**
 * Whether a supervisor listens: a pid may be another's by now, and the socket of a dead one refuses.
 * @throws state-directory: whether something runs in a directory that this user may not enter cannot be known
 */
export async function isListening({path, socket: address}: Home): Promise<boolean> {
  const socket = connect(address)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') return false
    throw new AquastreamError('state-directory', `this user may not see whether a stack runs in ${path}`, {
      hint: 'run this as the user who started it, or set XDG_STATE_HOME to a directory that you may enter',
      cause: error,
    })
  } finally {
    socket.destroy()
  }
}

/** Its services now, or, for `seen`, when something has changed since that version or two seconds have gone by. */
export async function askStates(
  home: Home,
  {seen, signal}: {seen?: number | undefined; signal?: AbortSignal | undefined} = {},
): Promise<{version: number; states: Supervised[]}> {
  return ask(home, `GET /states${seen === undefined ? '' : `?seen=${seen}`}`, {signal})
}

/** What is known of each service beyond its state. */
export async function askFacts(home: Home, signal?: AbortSignal): Promise<ServiceFacts[]> {
  return ask(home, 'GET /facts', {signal})
}

/** Bytes in use by service. */
export async function askMemory(home: Home): Promise<Record<string, number>> {
  return ask(home, 'GET /memory')
}

/** How the database that it runs is reached; nothing when it runs none. */
export async function askDatabase(home: Home): Promise<Database | null> {
  return ask(home, 'GET /database')
}

/** Has it take on work; it answers at once. */
export async function sendWork(home: Home, works: Work[]): Promise<void> {
  await ask(home, 'POST /run', {body: works})
}

/** Has it end everything, and then itself. @param signal ends the wait, not the stop */
export async function askToStop(home: Home, signal: AbortSignal): Promise<void> {
  await ask(home, 'POST /stop', {signal, timeout: 90_000})
}

/** The lines that services write from now on, until the supervisor ends or the signal. Called when it listens. */
export async function* followLines(home: Home, signal: AbortSignal): AsyncGenerator<LogLine> {
  try {
    const asking = request({socketPath: home.socket, path: '/lines', signal, agent: false})
    asking.end()
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    for await (const line of createInterface({input: response})) yield JSON.parse(line) as LogLine
  } catch {
    // It has ended, however it did that, and with it all that writes lines.
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
  {socket}: Home,
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
      `the supervisor of the embedded engine did not answer (${late.aborted ? 'it hangs' : (error as Error).message})`,
      {
        hint: 'end it and what it runs: aquastream env:down --profile dev; then start again: aquastream env:up --profile dev',
        cause: error,
      },
    )
  }
}
