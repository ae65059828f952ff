import {readFile, readlink, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {identify, lifeOf} from '../../../system/process-identity.js'
import type {StackDirectory} from './stack-directory.js'
import {endProcess, deleteRecord, livingRecords, type ProcessRecord} from './records.js'

/** How long a process may take to exit after its stop signal before it is killed, in ms. */
const TIMEOUT_MS = {SIGINT: 60_000, SIGTERM: 5000}

/** Finds the running processes of a stack by service, including its supervisor. After a reboot there are none. */
export async function findLeftovers(stackDirectory: StackDirectory): Promise<Map<string, ProcessRecord>> {
  const found = await livingRecords(stackDirectory)
  const server = found.has('postgres') ? undefined : await findServer(stackDirectory)
  return server ? found.set('postgres', server) : found
}

/** Ends the running processes of a stack, and removes their records, the socket and a stale pid file. */
export async function endOrphans(stackDirectory: StackDirectory): Promise<void> {
  const found = await findLeftovers(stackDirectory)
  // The supervisor first: it would restart the services.
  const supervisor = found.get('supervisor')
  if (supervisor) await endProcess(supervisor, 0)
  await Promise.all([...found.values()].map(async record => endProcess(record, TIMEOUT_MS[record.stop])))
  for (const service of found.keys()) await deleteRecord(stackDirectory, service)
  await rm(stackDirectory.socket, {force: true})
  await forgetReusedPid(stackDirectory)
}

/** Finds a server without a record: PostgreSQL writes its pid to its data directory, where it also runs. */
async function findServer(stackDirectory: StackDirectory): Promise<ProcessRecord | undefined> {
  const pid = await pidOfServer(stackDirectory)
  if (pid === undefined || !(await worksIn(pid, stackDirectory.data('postgres')))) return undefined
  return {...(await identify(pid)), stop: 'SIGINT'}
}

/**
 * Removes a pid file whose pid has been reused, since PostgreSQL would refuse to start. The lock of PostgreSQL in
 * shared memory still prevents two servers on the same data.
 */
async function forgetReusedPid(stackDirectory: StackDirectory): Promise<void> {
  const pid = await pidOfServer(stackDirectory)
  if (pid === undefined || (await lifeOf({pid})) === 'gone') return
  if (await worksIn(pid, stackDirectory.data('postgres'))) return
  await rm(pidFile(stackDirectory), {force: true})
}

/** Returns whether a process has this working directory; false if the operating system does not provide it. */
async function worksIn(pid: number, directory: string): Promise<boolean> {
  return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === directory
}

async function pidOfServer(stackDirectory: StackDirectory): Promise<number | undefined> {
  const text = await readFile(pidFile(stackDirectory), 'utf8').catch(() => '')
  // In single-user mode the number is negative.
  const pid = Math.abs(Number(text.split('\n')[0]))
  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

function pidFile(stackDirectory: StackDirectory): string {
  return join(stackDirectory.data('postgres'), 'postmaster.pid')
}
