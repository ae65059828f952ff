import {open} from 'node:fs/promises'
import {hostname} from 'node:os'
import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../../errors.js'
import {bootOf, identify} from '../../../system/process-identity.js'
import type {Home} from './home.js'
import {readRecord} from './records.js'

/** How often a supervisor touches its record, in ms: on another machine that is all that shows that it lives. */
export const BEAT_MS = 2000

/** So long without a beat, in ms, and it has ended, by the clock that made the beats. */
const SURELY_ENDED_MS = 300_000

/**
 * Makes sure that no other machine runs the stack in a directory that both have, such as one on NFS. Neither sockets nor
 * pids reach from one kernel to another, and PostgreSQL's own lock does not either: two servers would ruin the data.
 *
 * @throws busy
 */
export async function requireNotElsewhere(home: Home): Promise<void> {
  const record = await readRecord(home, 'supervisor')
  if (!record || bootOf(record) === bootOf(await identify(process.pid))) return
  const path = home.record('supervisor')
  // After a boot of this machine, as a rule. The clocks of two machines do not go alike, and tell nothing.
  if (record.host === hostname() && (await ageOf(path)) > SURELY_ENDED_MS) return
  if (!(await beats(path))) return
  throw new AquastreamError('busy', `the stack in ${home.path} runs on ${record.host ?? 'another machine'}`, {
    hint: 'stop it there, or give this machine a directory of its own with XDG_STATE_HOME',
  })
}

async function ageOf(path: string): Promise<number> {
  return Date.now() - ((await timeOf(path)) ?? 0)
}

/** Whether the time of a file still changes. */
async function beats(path: string): Promise<boolean> {
  const first = await timeOf(path)
  const deadline = performance.now() + 3 * BEAT_MS
  while (performance.now() < deadline) {
    await sleep(BEAT_MS / 4)
    if ((await timeOf(path)) !== first) return true
  }
  return false
}

/** Of the file as it is opened: what NFS remembers of a path can be a minute old. */
async function timeOf(path: string): Promise<number | undefined> {
  const file = await open(path).catch(() => undefined)
  try {
    return (await file?.stat())?.mtimeMs
  } finally {
    await file?.close()
  }
}
