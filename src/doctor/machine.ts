import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {timeOf} from '../backup/repository/backup-set.js'
import {backupRoot} from '../backup/repository/location.js'
import {listIds} from '../backup/repository/sets.js'
import type {Machine} from '../engines/engine.js'
import {servicesOf} from '../stack/catalogue.js'
import {size} from '../system/text/size.js'
import {oldestNode} from '../system/version.js'
import {type Answer, type Check, failed, ok, type Patient, skipped, warning} from './check.js'
import {isUnreachable} from './engine.js'

export const node: Check = {
  name: 'node',
  async look() {
    const {node: version} = process.versions
    if (version.localeCompare(oldestNode, undefined, {numeric: true}) >= 0) return ok(`Node ${version}`)
    return failed({
      code: 'tool-too-old',
      message: `Node is ${version}, and ${oldestNode} or newer is needed`,
      hint: 'update it: https://nodejs.org/en/download',
    })
  },
}

/** The limits of all containers together: only a stack that reaches them needs so much. */
export const memory: Check = {
  name: 'memory',
  async look(patient) {
    const {settings} = await patient.settings()
    const needed = servicesOf(patient.profile)
      .map(({name, kind}) => (kind === 'infrastructure' ? `${name.toUpperCase()}_MEMORY` : 'BACKEND_MEMORY'))
      .reduce((sum, variable) => sum + toBytes(settings.values[variable]!), 0)
    if (Number.isNaN(needed)) return skipped('not looked at: see settings')
    return askMachine(patient, 'the embedded engine sets no limits', ({memory: has}) => {
      const message = `the services may take ${size(needed)}, and the machine that they run on has ${size(has)}`
      if (needed <= has) return ok(message)
      return warning(message, 'give that machine more, or lower the limits, such as BACKEND_MEMORY=512m')
    })
  },
}

/** Clocks that differ more make tokens, certificates and the names of backups wrong. */
const DRIFT_MS = 5000

export const clock: Check = {
  name: 'clock',
  async look(patient) {
    const [newest] = await listIds(await backupRoot({...patient.request, dir: undefined}))
    if (newest && timeOf(newest)!.getTime() > Date.now() + DRIFT_MS) {
      return warning(`the backup ${newest} is from the future`, SYNCHRONIZE)
    }
    return askMachine(patient, 'the embedded engine has no other', ({time}, asked) => {
      const drift = Math.max(asked - time.getTime(), time.getTime() - Date.now(), 0)
      if (drift <= DRIFT_MS) return ok('it agrees with that of the engine')
      const seconds = Math.round(drift / 1000)
      return warning(`the clocks of this machine and of the engine are ${seconds} s apart`, SYNCHRONIZE)
    })
  },
}

const SYNCHRONIZE =
  'let the system set its clock: sudo timedatectl set-ntp true; restart Docker Desktop, if that is it'

/** Less, and starts fail in odd ways: "cannot allocate memory", "cannot fork". */
const LEAST_MEMORY = 512 * 1024 ** 2
const LEAST_PROCESSES = 256

/** What this process may take, in a container or a service: programs of the embedded engine run inside it. */
export const limits: Check = {
  name: 'limits',
  async look() {
    const found = await readFile('/proc/self/cgroup', 'utf8').catch(() => undefined)
    if (found === undefined) return skipped('this system has no cgroups')
    const [bytes, processes] = await Promise.all([
      readLimit(found, 'memory', ['memory.max', 'memory.limit_in_bytes']),
      readLimit(found, 'pids', ['pids.max', 'pids.max']),
    ])
    const message = `this process may take ${Number.isFinite(bytes) ? size(bytes) : 'all'} of the memory and ${Number.isFinite(processes) ? processes : 'any number of'} processes`
    if (bytes >= LEAST_MEMORY && processes >= LEAST_PROCESSES) return ok(message)
    return warning(
      message,
      'raise the limits of the container or service that it runs in: memory to 1g, pids to 512',
    )
  },
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html; version 1 has a line and a mount for each controller. */
async function readLimit(cgroups: string, controller: string, [v2, v1]: [string, string]): Promise<number> {
  const [, old] = new RegExp(String.raw`^\d+:(?:\w+,)*${controller}(?:,\w+)*:(.*)$`, 'm').exec(cgroups) ?? []
  const [, unified = '/'] = /^0::(.*)$/m.exec(cgroups) ?? []
  // In a container the path is that of the host, and the mount begins at the container's own.
  const places =
    old === undefined
      ? [join(CGROUPS, unified, v2), join(CGROUPS, v2)]
      : [join(CGROUPS, controller, old, v1), join(CGROUPS, controller, v1)]
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => undefined)
    const limit = Number(text?.trim())
    // Version 1 writes "none" as the largest number of pages.
    if (text !== undefined) return limit < 2 ** 60 ? limit : Infinity
  }
  return Infinity
}

const CGROUPS = '/sys/fs/cgroup'

/** @param judge also learns when the machine was asked, in ms: the answer takes a moment */
async function askMachine(patient: Patient, own: string, judge: (machine: Machine, asked: number) => Answer) {
  if (isUnreachable((await patient.plan()).problems)) return skipped('there is no engine to ask')
  const {engine} = await patient.stack()
  const asked = Date.now()
  const machine = await engine.machine(patient.signal)
  return machine ? judge(machine, asked) : skipped(own)
}

function toBytes(limit: string): number {
  return Number.parseInt(limit, 10) * 1024 ** (limit.endsWith('g') ? 3 : 2)
}
