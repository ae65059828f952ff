import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import type {Readable, Writable} from 'node:stream'
import type {Home} from '../home/home.js'
import {forget, remember} from '../home/records.js'
import type {Run} from '../service-spec.js'

/**
 * Starts a program that does not outlive us: a watchdog shell ends it when we are gone.
 *
 * - The program is started by a shell that first waits for a line on a pipe. We write that line when the process is
 *   recorded, so that nothing runs that nobody could find.
 * - The shell then starts the watchdog, which reads on from the pipe, and becomes the program by exec: the pid stays.
 * - When the pipe closes without the word `ended`, we were killed, and the watchdog asks the program to end. It is no
 *   child of the program, since PostgreSQL takes the end of a child that it does not know for a crash.
 *
 *     us ──pipe── shell ─┬─ watchdog (reads the pipe)
 *                        └─ exec program
 */
const WATCHDOG = `
read -r word <&3 || exit
( { read -r word <&3; [ "$word" = ended ] || kill -s "$1" "$$"; } </dev/null >/dev/null 2>&1 & )
shift
exec "$@" 3<&-`

/** A program that runs under a watchdog. */
export interface Guarded {
  pid: number
  stdin: Writable
  /**
   * Settles when every line of it was read; that may be after its end, when a child of it still has its output. Never
   * rejects.
   */
  drained: Promise<unknown>
  /** Never rejects. */
  ended: Promise<{exitCode: number; signal: NodeJS.Signals | null}>
  kill(signal: NodeJS.Signals): void
}

export type GuardedProgram = Pick<Run, 'program' | 'env' | 'directory' | 'owner' | 'stop'>

/** Where a program is recorded, for whoever has to end it when both we and the watchdog are gone. */
export interface GuardedPlace {
  home: Home
  service: string
}

/** @param onLine gets each line that it writes */
export async function startGuarded(
  {home, service}: GuardedPlace,
  run: GuardedProgram,
  onLine: (line: string) => void,
): Promise<Guarded> {
  const {program, env, directory: cwd, owner, stop} = run
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', stop.slice('SIG'.length), ...program], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...(owner && {uid: owner.uid, gid: owner.gid}),
  })
  const ended = whenEnded(child)
  const lifeline = child.stdio[3] as Writable
  for (const pipe of [lifeline, child.stdin]) pipe.on('error', () => undefined)
  // At once, before anything else can happen to us.
  void ended.then(() => lifeline.end('ended\n'))
  const drained = Promise.all([child.stdout, child.stderr].map(async output => readLines(output, onLine)))
  if (child.pid === undefined) throw new Error(`/bin/sh cannot be started in ${cwd}`)
  const {pid} = child
  await remember(home, service, {pid, stop}).catch((error: unknown) => {
    lifeline.destroy()
    throw error
  })
  lifeline.write('go\n')
  return {
    pid,
    stdin: child.stdin,
    drained,
    ended: ended.then(async result => {
      await forget(home, service)
      return result
    }),
    kill: signal => child.kill(signal),
  }
}

async function readLines(input: Readable, onLine: (line: string) => void): Promise<void> {
  const reader = createInterface({input}).on('line', onLine)
  await once(reader, 'close').catch(() => undefined)
}

async function whenEnded(child: ChildProcess): Promise<{exitCode: number; signal: NodeJS.Signals | null}> {
  const [exitCode, signal] = (await once(child, 'exit').catch(() => [127, null])) as [
    number | null,
    NodeJS.Signals | null,
  ]
  return {exitCode: exitCode ?? -1, signal}
}
