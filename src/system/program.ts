import {parse} from 'node:path'
import type {Readable, Writable} from 'node:stream'
import {execa} from 'execa'

/** A program that runs, with its pipes. */
export interface Program {
  stdin: Writable
  stdout: Readable
  /** Never rejects; `stderr` is what the program said last. */
  ended: Promise<{exitCode: number; stderr: string}>
  /** Closes its stdin, which is how one in a container notices, and ends it. */
  kill(): void
}

/** Starts a program of this machine. It sees these variables, and of ours what a client of PostgreSQL needs. */
export function startOnHost(program: string[], env: NodeJS.ProcessEnv): Program {
  return startProgram(
    execa(program[0]!, program.slice(1), {
      cwd: parse(process.cwd()).root,
      env: {...usualVariables(), ...env},
      extendEnv: false,
      reject: false,
      buffer: {stdout: false, stderr: true},
      forceKillAfterDelay: 400,
    }),
  )
}

/** None of the secrets of the stack. */
function usualVariables(): NodeJS.ProcessEnv {
  const wanted = /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|KRB5\w*|PG\w+)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name)))
}

/** The part of an execa subprocess that is needed; stdout is streamed, stderr is kept. */
interface Subprocess extends PromiseLike<{
  exitCode?: number | undefined
  stderr: string
  signal?: string | undefined
  originalMessage?: string | undefined
}> {
  stdin: Writable
  stdout: Readable
  kill(): boolean
}

/** A subprocess, of `reject: false`, as a program. */
export function startProgram(subprocess: Subprocess): Program {
  const {stdin, stdout} = subprocess
  // Its end tells more than a pipe that broke because of it.
  stdin.on('error', () => undefined)
  return {
    stdin,
    stdout,
    ended: Promise.resolve(subprocess).then(({exitCode, stderr, signal, originalMessage}) => ({
      exitCode: exitCode ?? -1,
      // execa's own message has the whole command in it, which is a script.
      stderr: [stderr, signal ? `ended by ${signal}` : originalMessage].filter(Boolean).join('\n'),
    })),
    kill() {
      stdin.destroy()
      subprocess.kill()
    },
  }
}
