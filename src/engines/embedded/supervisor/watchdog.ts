import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {constants} from 'node:os'
import type {Readable, Writable} from 'node:stream'
import {splitLines} from '../../../system/text/split-lines.js'
import type {StackDirectory} from '../stack-directory/stack-directory.js'
import {deleteRecord, writeRecord} from '../stack-directory/records.js'
import type {Run} from '../service-spec.js'

/**
 * Starts a program that does not outlive the supervisor. The shell waits on a pipe until its pid has been recorded,
 * then replaces itself by the program, which therefore keeps that pid. A watchdog shell keeps reading the pipe: if it
 * closes without the word `ended`, the supervisor was killed, and the watchdog sends the stop signal to the program.
 *
 *     supervisor --pipe--> sh --exec--> program
 *                  `-----> watchdog --signal--^
 *
 * The watchdog must not be a child of the program: PostgreSQL treats the exit of an unknown child as a crash.
 */
const WATCHDOG = `
read -r word <&3 || exit
( { read -r word <&3; [ "$word" = ended ] || kill -s "$1" "$$"; } </dev/null >/dev/null 2>&1 & )
shift
exec "$@" 3<&-`

/** A running program with a watchdog. */
export interface WatchedProgram {
  pid: number
  stdin: Writable
  /** Resolves when all output has been read, which a child of the program can delay past its end. Never rejects. */
  drained: Promise<unknown>
  /** Never rejects. */
  ended: Promise<{exitCode: number; signal: NodeJS.Signals | null}>
  kill(signal: NodeJS.Signals): void
}

export type ProgramToWatch = Pick<Run, 'program' | 'env' | 'directory' | 'owner' | 'stop'>

/** The name of the record of a program, by which an orphan is found if both supervisor and watchdog are killed. */
export interface RecordPlace {
  stackDirectory: StackDirectory
  service: string
}

/**
 * Starts a program with a watchdog and records its process.
 * @param onLine called with each line of output
 */
export async function startWithWatchdog(
  {stackDirectory, service}: RecordPlace,
  run: ProgramToWatch,
  onLine: (line: string) => void,
): Promise<WatchedProgram> {
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
  // Immediately, before the supervisor can be killed.
  void ended.then(() => lifeline.end('ended\n'))
  const drained = Promise.all([child.stdout, child.stderr].map(async output => readLines(output, onLine)))
  if (child.pid === undefined) throw new Error(`/bin/sh cannot be started in ${cwd}`)
  const {pid} = child
  await writeRecord(stackDirectory, service, {pid, stop}).catch((error: unknown) => {
    lifeline.destroy()
    throw error
  })
  lifeline.write('go\n')
  return {
    pid,
    stdin: child.stdin,
    drained,
    ended: ended.then(async result => {
      await deleteRecord(stackDirectory, service)
      return result
    }),
    kill: signal => child.kill(signal),
  }
}

async function readLines(input: Readable, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of splitLines(input)) onLine(line.replace(/\r$/, ''))
  } catch {
    // The end of the program tells more than a failed read.
  }
}

async function whenEnded(child: ChildProcess): Promise<{exitCode: number; signal: NodeJS.Signals | null}> {
  const [exitCode, signal] = (await once(child, 'exit').catch(() => [127, null])) as [
    number | null,
    NodeJS.Signals | null,
  ]
  // As a shell reports it.
  return {exitCode: exitCode ?? (signal ? 128 + constants.signals[signal] : -1), signal}
}
