import type {Readable, Writable} from 'node:stream'
import type {Program} from './engine.js'

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
