import {readdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {setTimeout as sleep} from 'node:timers/promises'
import {errnoOf} from '../../../system/files/file-errors.js'
import {identify, lifeOf, type ProcessIdentity} from '../../../system/process-identity.js'
import type {StackDirectory} from './stack-directory.js'

/** The record of a process that we started. */
export interface ProcessRecord extends ProcessIdentity {
  /** The signal that stops it. */
  stop: 'SIGINT' | 'SIGTERM'
  /** The host name of its machine. */
  host?: string
}

/** Atomically records which process runs a service. */
export async function writeRecord(
  stackDirectory: StackDirectory,
  service: string,
  {pid, stop}: {pid: number; stop: ProcessRecord['stop']},
): Promise<void> {
  const path = stackDirectory.record(service)
  const draft = `${path}.new`
  await writeFile(draft, JSON.stringify({...(await identify(pid)), stop, host: hostname()}), {mode: 0o600})
  await rename(draft, path)
}

export async function deleteRecord(stackDirectory: StackDirectory, service: string): Promise<void> {
  await rm(stackDirectory.record(service), {force: true})
}

/** Returns the recorded processes that still run, by service. A reused pid does not count. */
export async function livingRecords(stackDirectory: StackDirectory): Promise<Map<string, ProcessRecord>> {
  const names = await readdir(stackDirectory.records).catch(() => [])
  const living = new Map<string, ProcessRecord>()
  for (const name of names.filter(each => each.endsWith('.json'))) {
    const service = name.slice(0, -'.json'.length)
    const record = await readRecord(stackDirectory, service)
    if (record && (await lifeOf(record)) === 'alive') living.set(service, record)
  }
  return living
}

export async function readRecord(
  stackDirectory: StackDirectory,
  service: string,
): Promise<ProcessRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(stackDirectory.record(service), 'utf8')) as ProcessRecord
    // A signal to 0, -1 or another negative number would reach more than one process.
    return Number.isInteger(record.pid) && record.pid > 1 ? record : undefined
  } catch {
    return undefined
  }
}

/** Sends the stop signal to a process, waits up to `timeout` ms until it exits, and then sends SIGKILL. */
export async function endProcess(record: ProcessRecord, timeout: number): Promise<void> {
  for (const [signal, time] of [
    [record.stop, timeout],
    ['SIGKILL', 5000],
  ] as const) {
    const deadline = performance.now() + time
    // Checked every time, because the pid may be reused as soon as the process has exited.
    for (let sent = false; (await lifeOf(record)) === 'alive' && performance.now() < deadline; sent = true) {
      if (!sent) send(record.pid, signal)
      await sleep(20)
    }
  }
}

/** The process may have exited a moment ago. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}
