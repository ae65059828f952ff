import type {Readable} from 'node:stream'

/** The part of a running program that is used here. */
interface Running {
  readonly killed: boolean
  readonly stdout: Readable
  readonly stderr: Readable
  once(event: 'exit', listener: () => void): unknown
}

/**
 * Closes the pipes of a program when it exits after it was killed. The program can be a shell script, such as a wrapper of
 * docker or restic: what the script runs is not killed with it, and keeps the pipes open. `docker events` would never
 * close them.
 */
export function closePipesWhenKilled<Program extends Running>(running: Program): Program {
  running.once('exit', () => {
    if (!running.killed) return
    running.stdout.destroy()
    running.stderr.destroy()
  })
  return running
}
