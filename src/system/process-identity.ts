import {execFile} from 'node:child_process'
import {readlinkSync} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {promisify} from 'node:util'
import {errnoOf} from './files/file-errors.js'

/** Identifies a process even after its pid has been reused. */
export interface ProcessIdentity {
  pid: number
  /** The start time; undefined if the operating system does not provide it. */
  started?: string | undefined
  /** The PID namespace in which the pid counts; undefined outside Linux, and in records of older versions. */
  pidNamespace?: string | undefined
}

/**
 * What is known of a recorded process:
 *
 * - `alive`: it runs, or is suspended.
 * - `gone`: it has ended, is a zombie, or another process has its pid now.
 * - `unknown`: it cannot be seen from here. Its pid counts in another PID namespace, such as that of a container; or a
 *   process has the pid, and the operating system hides it from this user, or no start time was recorded. Nothing is taken
 *   from it unless something else shows that it has ended, such as its silence.
 */
export type Life = 'alive' | 'gone' | 'unknown'

/** Returns the identity of a running process, for a later comparison. */
export async function identify(pid: number): Promise<ProcessIdentity> {
  return {pid, started: startIn(await look(pid)), pidNamespace: pidNamespaceHere()}
}

/**
 * Returns when the process with this pid started, in milliseconds since 1970; undefined if the operating system does not
 * show it. On Linux, the clock ticks since boot are compared with those of this process: the time of the boot that a
 * container sees can be another one.
 */
export async function startTimeOf(pid: number): Promise<number | undefined> {
  const [started, here] = (await Promise.all([look(pid), look(process.pid)])).map(startIn)
  if (started === undefined || here === undefined) return undefined
  if (process.platform !== 'linux') return Date.parse(`${started} UTC`) || undefined
  const ticksOf = (text: string): number => Number(text.split(' ')[1])
  const ownStart = Date.now() - process.uptime() * 1000
  return ownStart + (ticksOf(started) - ticksOf(here)) * TICK_MS
}

/** USER_HZ is 100 on every architecture that Node.js supports: https://man7.org/linux/man-pages/man7/time.7.html */
const TICK_MS = 10

/** Returns what is known of a process that `identify` described. */
export async function lifeOf({pid, started, pidNamespace}: ProcessIdentity): Promise<Life> {
  if (!isPidOfHere({pidNamespace})) return 'unknown'
  const seen = started === undefined ? 'hidden' : await look(pid)
  if (seen === 'hidden') return exists(pid) ? 'unknown' : 'gone'
  return started === startIn(seen) ? 'alive' : 'gone'
}

/** Returns whether this process and a recorded one mean the same by a pid. */
export function isPidOfHere({pidNamespace}: Pick<ProcessIdentity, 'pidNamespace'>): boolean {
  return pidNamespace === undefined || pidNamespace === pidNamespaceHere()
}

/** The kernel gives each PID namespace a number: https://man7.org/linux/man-pages/man7/namespaces.7.html */
function pidNamespaceHere(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}

/** Sends no signal. A process of another user refuses it, and so exists. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) !== 'ESRCH'
  }
}

/** Returns whether the kernel that ran a process still runs; also true if the operating system provides no boot ID. */
export async function isOfThisBoot(identity: ProcessIdentity): Promise<boolean> {
  return bootOf(identity) === bootOf(await identify(process.pid))
}

/** Returns the boot ID of the kernel that ran the process; undefined if the operating system does not provide it. */
export function bootOf({started = ''}: ProcessIdentity): string | undefined {
  return /^[\da-f-]{36}(?= )/.exec(started)?.[0]
}

/** What the operating system shows of a pid: `hidden` if nothing, which does not mean that no process has it. */
type Sight = {started: string} | 'zombie' | 'hidden'

function startIn(seen: Sight): string | undefined {
  return typeof seen === 'object' ? seen.started : undefined
}

async function look(pid: number): Promise<Sight> {
  return process.platform === 'linux' ? lookOnLinux(pid) : lookByPs(pid)
}

/**
 * Returns the boot ID and the start time in clock ticks since boot: field 22 of /proc/pid/stat, see proc(5). The name
 * in field 2 may contain spaces. A zombie counts as ended: only its exit status is left. The option hidepid of /proc
 * hides the processes of other users.
 */
async function lookOnLinux(pid: number): Promise<Sight> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'zombie' : {started: `${boot.trim()} ${fields[19]}`}
  } catch {
    return 'hidden'
  }
}

async function lookByPs(pid: number): Promise<Sight> {
  try {
    const {stdout} = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: {...process.env, LC_ALL: 'C', TZ: 'UTC'},
    })
    const started = stdout.trim()
    return started ? {started} : 'hidden'
  } catch {
    return 'hidden'
  }
}
