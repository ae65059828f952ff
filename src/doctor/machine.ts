import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {timeOf} from '../backup/repository/backup-set.js'
import {listIds} from '../backup/repository/sets.js'
import type {Machine} from '../engines/engine.js'
import {servicesOf} from '../stack/catalogue.js'
import {size} from '../system/text/size.js'
import {oldestNode} from '../system/version.js'
import {type Answer, type Check, failed, ok, type CheckContext, skipped, warning} from './check.js'
import {isUnreachable} from './engine.js'

export const node: Check = {
  name: 'node',
  async run() {
    const {node: version} = process.versions
    if (version.localeCompare(oldestNode, undefined, {numeric: true}) >= 0) return ok(`Node.js ${version}`)
    return failed({
      code: 'tool-too-old',
      message: `Node.js ${version} is too old: ${oldestNode} or newer is required`,
      hint: 'update Node.js: https://nodejs.org/en/download',
    })
  },
}

/** Compares the sum of all memory limits with the memory of the machine. A stack needs less unless it reaches them. */
export const memory: Check = {
  name: 'memory',
  async run(context) {
    const {settings} = await context.settings()
    const needed = servicesOf(context.profile)
      .map(({name, kind}) => (kind === 'infrastructure' ? `${name.toUpperCase()}_MEMORY` : 'BACKEND_MEMORY'))
      .reduce((sum, variable) => sum + toBytes(settings.values[variable]!), 0)
    if (Number.isNaN(needed)) return skipped('not checked: see settings')
    return askMachine(context, 'the embedded engine sets no limits', ({memory: has}) => {
      const message = `the memory limits of all services add up to ${size(needed)}, and their machine has ${size(has)}`
      if (needed <= has) return ok(message)
      return warning(
        message,
        'add memory to that machine, or lower the limits, for example BACKEND_MEMORY=512m',
      )
    })
  },
}

/** The tolerated clock difference, in ms. A larger one breaks tokens, certificates and the order of backups. */
const DRIFT_MS = 5000

export const clock: Check = {
  name: 'clock',
  async run(context) {
    // The check of the directory says why it cannot be read.
    const [newest] = await listIds((await context.stack()).backups).catch(() => [])
    if (newest && timeOf(newest)!.getTime() > Date.now() + DRIFT_MS) {
      return warning(`backup ${newest} is dated in the future`, SYNCHRONIZE)
    }
    return askMachine(context, 'the embedded engine uses the clock of this machine', ({time}, asked) => {
      const drift = Math.max(asked - time.getTime(), time.getTime() - Date.now(), 0)
      if (drift <= DRIFT_MS) return ok('in sync with the engine')
      const seconds = Math.round(drift / 1000)
      return warning(`the clock of this machine and that of the engine differ by ${seconds} s`, SYNCHRONIZE)
    })
  },
}

const SYNCHRONIZE =
  'enable time synchronization: sudo timedatectl set-ntp true; with Docker Desktop, restart it'

/** Below these limits starts fail with "cannot allocate memory" or "cannot fork". */
const LEAST_MEMORY = 512 * 1024 ** 2
const LEAST_PROCESSES = 256

/** Checks the cgroup limits of this process, since the programs of the embedded engine run under them. */
export const limits: Check = {
  name: 'limits',
  async run() {
    const found = await readFile('/proc/self/cgroup', 'utf8').catch(() => undefined)
    if (found === undefined) return skipped('this system has no cgroups')
    const [bytes, processes] = await Promise.all([
      readLimit(found, 'memory', ['memory.max', 'memory.limit_in_bytes']),
      readLimit(found, 'pids', ['pids.max', 'pids.max']),
    ])
    const message = `limits of this process: ${Number.isFinite(bytes) ? size(bytes) : 'unlimited'} memory, ${Number.isFinite(processes) ? processes : 'unlimited'} processes`
    if (bytes >= LEAST_MEMORY && processes >= LEAST_PROCESSES) return ok(message)
    return warning(
      message,
      'raise the limits of the container or service in which aquastream runs: memory to 1g, processes to 512',
    )
  },
}

/** See https://docs.kernel.org/admin-guide/cgroup-v2.html; version 1 has a line and a mount for each controller. */
async function readLimit(cgroups: string, controller: string, [v2, v1]: [string, string]): Promise<number> {
  const [, old] = new RegExp(String.raw`^\d+:(?:\w+,)*${controller}(?:,\w+)*:(.*)$`, 'm').exec(cgroups) ?? []
  const [, unified = '/'] = /^0::(.*)$/m.exec(cgroups) ?? []
  // In a container the path may be that of the host, while the mount starts at the container's own group.
  const places =
    old === undefined
      ? [join(CGROUPS, unified, v2), join(CGROUPS, v2)]
      : [join(CGROUPS, controller, old, v1), join(CGROUPS, controller, v1)]
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => undefined)
    const limit = Number(text?.trim())
    // Version 1 reports "no limit" as the largest number of pages.
    if (text !== undefined) return limit < 2 ** 60 ? limit : Infinity
  }
  return Infinity
}

const CGROUPS = '/sys/fs/cgroup'

/** @param evaluate also gets the time of the query in ms since the epoch, since the answer takes a moment */
async function askMachine(
  context: CheckContext,
  own: string,
  evaluate: (machine: Machine, asked: number) => Answer,
) {
  if (isUnreachable((await context.plan()).problems)) return skipped('not checked: no engine is available')
  const {engine} = await context.engine()
  const asked = Date.now()
  const machine = await engine.machine(context.signal)
  return machine ? evaluate(machine, asked) : skipped(own)
}

function toBytes(limit: string): number {
  return Number.parseInt(limit, 10) * 1024 ** (limit.endsWith('g') ? 3 : 2)
}
