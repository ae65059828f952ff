import {execFile} from 'node:child_process'
import {readFile} from 'node:fs/promises'
import {promisify} from 'node:util'
import {errnoOf} from './files/file-errors.js'

/** Identifies a process even after its pid has been reused. */
export interface ProcessIdentity {
  pid: number
  /** The start time; undefined if the operating system does not provide it. */
  started?: string | undefined
}

/** Returns the identity of a running process, for a later comparison. */
export async function identify(pid: number): Promise<ProcessIdentity> {
  return {pid, started: await startOf(pid)}
}

/** Returns whether a process still runs; `unknown` if the pid is in use and no start time was recorded. */
export async function lifeOf({pid, started}: ProcessIdentity): Promise<'alive' | 'gone' | 'unknown'> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return 'gone'
  }
  if (started === undefined) return 'unknown'
  return started === (await startOf(pid)) ? 'alive' : 'gone'
}

/** Returns the boot ID of the kernel that ran the process; undefined if the operating system does not provide it. */
export function bootOf({started = ''}: ProcessIdentity): string | undefined {
  return /^[\da-f-]{36}(?= )/.exec(started)?.[0]
}

async function startOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
}

/**
 * Returns the boot ID and the start time in clock ticks since boot: field 22 of /proc/pid/stat, see proc(5). The name
 * in field 2 may contain spaces. A zombie counts as ended: only its exit status is left.
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
