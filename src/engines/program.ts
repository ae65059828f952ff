import type {Readable, Writable} from 'node:stream'
import type {Program} from './engine.js'

/** The part of an execa subprocess that is needed; stdout is streamed, stderr is kept. */
interface Subprocess extends PromiseLike<{
  exitCode?: number | undefined
  stderr: string
  shortMessage?: string | undefined
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
    ended: Promise.resolve(subprocess).then(({exitCode, stderr, shortMessage}) => ({
      exitCode: exitCode ?? -1,
      stderr: stderr || (exitCode === undefined ? (shortMessage ?? '') : ''),
    })),
    kill() {
      stdin.destroy()
      subprocess.kill()
    },
  }
}
