import {open} from 'node:fs/promises'
import {hostname} from 'node:os'
import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../../errors.js'
import {isOfThisBoot, isPidOfHere} from '../../../system/process-identity.js'
import type {StackDirectory} from './stack-directory.js'
import {readRecord} from './records.js'

/** The interval of the heartbeat, in ms: a supervisor touches its record, which other machines can see. */
export const HEARTBEAT_MS = 2000

/** A supervisor without a heartbeat for this long, in ms, is dead; valid only by the clock of its own machine. */
const SURELY_ENDED_MS = 300_000

/**
 * Checks that no other machine or container runs the stack in a shared directory, such as one on NFS. Sockets, pids and
 * the lock of PostgreSQL are local to one kernel or container, so two servers would corrupt the data.
 *
 * @throws busy
 */
export async function requireNotElsewhere(stackDirectory: StackDirectory): Promise<void> {
  const record = await readRecord(stackDirectory, 'supervisor')
  if (!record || (isPidOfHere(record) && (await isOfThisBoot(record)))) return
  const path = stackDirectory.record('supervisor')
  // Usually this machine has been rebooted. The age is meaningful only if the same clock wrote the heartbeat.
  if (record.host === hostname() && (await ageOf(path)) > SURELY_ENDED_MS) return
  if (!(await hasHeartbeat(path))) return
  const where = isPidOfHere(record) ? `on ${record.host ?? 'another machine'}` : 'in another PID namespace'
  throw new AquastreamError('busy', `the stack in ${stackDirectory.path} runs ${where}`, {
    hint: 'stop it there, or set XDG_STATE_HOME to a directory that only this machine uses',
  })
}

async function ageOf(path: string): Promise<number> {
  return Date.now() - ((await timeOf(path)) ?? 0)
}

/** Returns whether the modification time of a file still changes. */
async function hasHeartbeat(path: string): Promise<boolean> {
  const first = await timeOf(path)
  const deadline = performance.now() + 3 * HEARTBEAT_MS
  while (performance.now() < deadline) {
    await sleep(HEARTBEAT_MS / 4)
    if ((await timeOf(path)) !== first) return true
  }
  return false
}

/** Opens the file before stat, because the attributes that NFS caches for a path can be a minute old. */
async function timeOf(path: string): Promise<number | undefined> {
  const file = await open(path).catch(() => undefined)
  try {
    return (await file?.stat())?.mtimeMs
  } finally {
    await file?.close()
  }
}
