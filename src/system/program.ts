import {parse} from 'node:path'
import type {Readable, Writable} from 'node:stream'
import {execa} from './execa.js'

/** A running program and its pipes. */
export interface Program {
  stdin: Writable
  stdout: Readable
  /** Resolves when the program has exited, and never rejects. `exitCode` is -1 if a signal terminated it. */
  ended: Promise<{exitCode: number; stderr: string}>
  /** Ends the program. Its stdin is closed first, since a program in a container receives no signal. */
  kill(): void
}

/** Starts a program on this machine. Its environment is `env` and the variables that every program needs. */
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

/** Selects the variables that every program needs: they hold no secret, and select no server and no repository. */
export function usualVariables(): NodeJS.ProcessEnv {
  const wanted = /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name)))
}

/** The part of an execa subprocess that is used here; stdout is streamed, stderr is buffered. */
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

/** Wraps an execa subprocess that was started with `reject: false`. */
export function startProgram(subprocess: Subprocess): Program {
  const {stdin, stdout} = subprocess
  // The exit status explains a failure better than the broken pipe that it causes.
  stdin.on('error', () => undefined)
  return {
    stdin,
    stdout,
    ended: Promise.resolve(subprocess).then(({exitCode, stderr, signal, originalMessage}) => ({
      exitCode: exitCode ?? -1,
      // execa's own message contains the whole command, which is a script.
      stderr: [stderr, signal ? `ended by ${signal}` : originalMessage].filter(Boolean).join('\n'),
    })),
    kill() {
      stdin.destroy()
      subprocess.kill()
    },
  }
}
