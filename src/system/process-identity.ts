import {execFile} from 'node:child_process'
import {readFile} from 'node:fs/promises'
import {promisify} from 'node:util'
import {errnoOf} from './files/file-errors.js'

/** A process that is told from every later one with its pid. */
export interface ProcessIdentity {
  pid: number
  /** When it was started, in the words of its system; absent where that does not say. */
  started?: string | undefined
}

/** A process of now, as a later look will know it again. */
export async function identify(pid: number): Promise<ProcessIdentity> {
  return {pid, started: await startOf(pid)}
}

/** Whether a process still is. Where the system does not tell processes apart, nobody knows. */
export async function lifeOf({pid, started}: ProcessIdentity): Promise<'alive' | 'gone' | 'unknown'> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return 'gone'
  }
  if (started === undefined) return 'unknown'
  return started === (await startOf(pid)) ? 'alive' : 'gone'
}

/** What tells one run of a kernel from every other; nothing where the system has no name for it. */
export function bootOf({started = ''}: ProcessIdentity): string | undefined {
  return /^[\da-f-]{36}(?= )/.exec(started)?.[0]
}

async function startOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
}

/**
 * Boot and moment of the start, as Linux counts it: field 22 of proc(5), and the name in field 2 may have spaces. A
 * zombie has ended: all that is left of it is its exit status.
 */
async function startOnLinux(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : `${boot.trim()} ${fields[19]}`
  } catch {
    return undefined
  }
}

async function startByPs(pid: number): Promise<string | undefined> {
  try {
    const {stdout} = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: {...process.env, LC_ALL: 'C', TZ: 'UTC'},
    })
    return stdout.trim() || undefined
  } catch {
    return undefined
  }
}
