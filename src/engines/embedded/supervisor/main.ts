// The supervisor: runs the services of one stack on the embedded engine until it is stopped. Its argument is the
// stack directory. The services, which contain secrets, are sent by IPC from the process that starts it.
import {once} from 'node:events'
import {rm, stat, utimes} from 'node:fs/promises'
import {basename, dirname} from 'node:path'
import {stackDirectoryAt} from '../stack-directory/stack-directory.js'
import {HEARTBEAT_MS} from '../stack-directory/other-host.js'
import {deleteRecord, writeRecord} from '../stack-directory/records.js'
import type {ServiceSpec} from '../service-spec.js'
import {listen} from './server.js'
import {Supervisor} from './supervisor.js'

process.umask(0o077)
const path = process.argv[2]!
const stackDirectory = stackDirectoryAt(dirname(path), basename(path))
// If the parent exits before it has sent the services, nobody knows of this process.
process.once('disconnect', () => process.exit(1))
const [specs] = (await once(process, 'message')) as [ServiceSpec[]]
process.removeAllListeners('disconnect')

const supervisor = new Supervisor(stackDirectory)
await writeRecord(stackDirectory, 'supervisor', {pid: process.pid, stop: 'SIGTERM'})
await rm(stackDirectory.socket, {force: true})
await listen(supervisor, stackDirectory.socket, () => void end())
process.on('SIGTERM', () => void end())
process.on('SIGINT', () => void end())
const {ino} = await stat(stackDirectory.socket)
setInterval(() => void showLife(), HEARTBEAT_MS)
supervisor.run({specs, restart: []})
if (process.connected) process.send?.('ready', () => process.connected && process.disconnect())

async function showLife(): Promise<void> {
  const now = new Date()
  await utimes(stackDirectory.record('supervisor'), now, now).catch(() => undefined)
  await endIfForgotten()
}

/** Stops if the directory was deleted or another supervisor has replaced the socket: this one is unreachable then. */
async function endIfForgotten(): Promise<void> {
  const now = await stat(stackDirectory.socket).catch(() => undefined)
  if (now?.ino !== ino) await end()
}

async function end(): Promise<void> {
  await supervisor.stop()
  const now = await stat(stackDirectory.socket).catch(() => undefined)
  if (now?.ino === ino) {
    await rm(stackDirectory.socket, {force: true})
    await deleteRecord(stackDirectory, 'supervisor')
  }
  process.exit(0)
}
