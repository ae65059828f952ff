import {readFile, readlink, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {identify, lifeOf} from '../../../system/process-identity.js'
import type {Home} from './home.js'
import {endProcess, forget, livingRecords, type ProcessRecord} from './records.js'

/** How long each has to end by itself, in ms. */
const PATIENCE_MS = {SIGINT: 60_000, SIGTERM: 5000}

/** What still runs of a stack whose supervisor is gone, by service. After a reboot that is nothing. */
export async function findLeftovers(home: Home): Promise<Map<string, ProcessRecord>> {
  const found = await livingRecords(home)
  const server = found.has('postgres') ? undefined : await findServer(home)
  return server ? found.set('postgres', server) : found
}

/** Ends what still runs, and clears away what would be taken for it. */
export async function endLeftovers(home: Home): Promise<void> {
  const found = await findLeftovers(home)
  // First of all the supervisor, if it hangs: it would start again what is ended.
  const supervisor = found.get('supervisor')
  if (supervisor) await endProcess(supervisor, 0)
  await Promise.all([...found.values()].map(async record => endProcess(record, PATIENCE_MS[record.stop])))
  for (const service of found.keys()) await forget(home, service)
  await rm(home.socket, {force: true})
  await forgetReusedPid(home)
}

/** A server that nobody wrote down: PostgreSQL itself has its pid in its data directory, and works there. */
async function findServer(home: Home): Promise<ProcessRecord | undefined> {
  const pid = await pidOfServer(home)
  if (pid === undefined || !(await worksIn(pid, home.data('postgres')))) return undefined
  return {...(await identify(pid)), stop: 'SIGINT'}
}

/**
 * PostgreSQL does not start while its pid file names a process that runs, and does not see that it is another one. Its
 * own lock in shared memory still keeps two servers apart.
 */
async function forgetReusedPid(home: Home): Promise<void> {
  const pid = await pidOfServer(home)
  if (pid === undefined || (await lifeOf({pid})) === 'gone') return
  if (await worksIn(pid, home.data('postgres'))) return
  await rm(pidFile(home), {force: true})
}

/** Nothing where the system does not tell. */
async function worksIn(pid: number, directory: string): Promise<boolean> {
  return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === directory
}

async function pidOfServer(home: Home): Promise<number | undefined> {
  const text = await readFile(pidFile(home), 'utf8').catch(() => '')
  // Of a server in single-user mode the number is negative.
  const pid = Math.abs(Number(text.split('\n')[0]))
  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

function pidFile(home: Home): string {
  return join(home.data('postgres'), 'postmaster.pid')
}
