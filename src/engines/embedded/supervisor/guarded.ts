import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import type {Readable, Writable} from 'node:stream'
import {forget, remember} from '../home/records.js'
import type {Home} from '../home/home.js'
import type {Run} from '../service-spec.js'

/**
 * Starts a program that does not outlive us. It waits on a pipe whose other end we hold until it is written down, so that
 * it never runs without somebody who could find it. A small shell stays behind it and reads on: when the pipe ends without
 * a word, we were killed, and it asks the program to end. The program takes the place of the shell that started the small
 * one, and so has the pid that we know; the small one is nobody's child, since PostgreSQL takes the end of a child that it
 * does not know for a crash.
 */
const KEEPER = `
read -r word <&3 || exit
( { read -r word <&3; [ "$word" = ended ] || kill -s "$1" "$$"; } </dev/null >/dev/null 2>&1 & )
shift
exec "$@" 3<&-`

/** A program that runs under a keeper. */
export interface Kept {
  pid: number
  stdin: Writable
  /** Settles when every line of it was heard; that may be after its end, when a child of it still has its output. Never rejects. */
  heard: Promise<unknown>
  /** Never rejects. */
  ended: Promise<{exitCode: number; signal: NodeJS.Signals | null}>
  kill(signal: NodeJS.Signals): void
}

export type KeptProgram = Pick<Run, 'program' | 'env' | 'directory' | 'owner' | 'stop'>

/**
 * @param service under whose name it is remembered, for whoever has to end it when both we and the keeper are gone
 * @param hear gets each line that it writes
 */
export async function startKept(
  home: Home,
  service: string,
  run: KeptProgram,
  hear: (line: string) => void,
): Promise<Kept> {
  const {program, env, directory: cwd, owner, stop} = run
  const child = spawn('/bin/sh', ['-c', KEEPER, 'keeper', stop.slice('SIG'.length), ...program], {
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
  const heard = Promise.all([child.stdout, child.stderr].map(async output => hearLines(output, hear)))
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
    heard,
    ended: ended.then(async result => {
      await forget(home, service)
      return result
    }),
    kill: signal => child.kill(signal),
  }
}

async function hearLines(input: Readable, hear: (line: string) => void): Promise<void> {
  const reader = createInterface({input}).on('line', hear)
  await once(reader, 'close').catch(() => undefined)
}

async function whenEnded(child: ChildProcess): Promise<{exitCode: number; signal: NodeJS.Signals | null}> {
  const [exitCode, signal] = (await once(child, 'exit').catch(() => [127, null])) as [
    number | null,
    NodeJS.Signals | null,
  ]
  return {exitCode: exitCode ?? -1, signal}
}
