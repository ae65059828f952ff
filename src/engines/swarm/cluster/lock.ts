import {hostname} from 'node:os'
import * as z from '../../../system/zod.js'
import {AquastreamError, isBusy} from '../../../errors.js'
import {bootOf, identify, isOfThisBoot, lifeOf} from '../../../system/process-identity.js'
import {userName} from '../../../system/user-name.js'
import {get, hasStatus, post, remove} from '../../api/client.js'
import {type Stored, storedSchema} from '../objects.js'
import {LABEL, labelsOf} from '../translate/spec.js'
import {readInfo} from './cluster.js'
import {contentOf, create} from './store.js'

/** The holder says this often, in ms, that it is alive. */
const BEAT_MS = 5000
/** A holder that could not say so for this long, in ms, stops its work: soon another command takes the lock. */
const DOUBT_MS = 45_000
/** A holder that has been silent for this long, in ms by the clocks of the managers, is dead. */
const SILENCE_MS = 60_000

const holderSchema = z.object({
  host: z.string(),
  user: z.string(),
  command: z.string(),
  pid: z.number(),
  started: z.string().optional(),
  pidNamespace: z.string().optional(),
})
type Holder = z.infer<typeof holderSchema>

/**
 * Runs a change of a stack while no other machine changes it. The lock is a Swarm config: the managers agree who creates
 * it. A holder that was killed on this machine is recognized by its process; one on another machine, or that this command
 * cannot see, by its silence.
 * @param options.work gets a signal that also aborts when the lock is lost
 * @throws busy: another command holds the lock, or has taken it because this one was silent
 */
export async function withSwarmLock<T>(
  project: string,
  command: string,
  {signal, work}: {signal: AbortSignal; work: (signal: AbortSignal) => Promise<T>},
): Promise<T> {
  const id = await take(project, command, signal)
  const lost = new AbortController()
  const beat = keep(id, () => {
    lost.abort(lockLost(project))
  })
  try {
    return await work(AbortSignal.any([signal, lost.signal]))
  } catch (error) {
    // An aborted wait does not tell why.
    throw isLockLost(lost.signal) && !signal.aborted ? (lost.signal.reason as Error) : error
  } finally {
    beat.stop()
    // Also after an interrupt, so the signal does not apply. A lock that stays is stale: its process is gone.
    await remove(`/configs/${id}`, {what: 'release the lock'}).catch(() => undefined)
  }
}

/** Says again and again that the holder is alive, and calls `onLost` when the lock may belong to another command. */
export function keep(id: string, onLost: () => void): {stop: () => void} {
  let heard = performance.now()
  const say = async (): Promise<void> => {
    // Also after a sleep of this machine, before anything else is changed.
    if (performance.now() - heard > DOUBT_MS) {
      onLost()
      return
    }
    try {
      await touch(id)
      heard = performance.now()
    } catch (error) {
      if (hasStatus(error, 404)) onLost()
    }
  }
  const timer = setInterval(() => void say(), BEAT_MS).unref()
  return {
    stop: () => {
      clearInterval(timer)
    },
  }
}

/** Returns whether the work was aborted because the lock was lost. */
export function isLockLost({aborted, reason}: AbortSignal): boolean {
  return aborted && isBusy(reason)
}

function lockLost(project: string): AquastreamError {
  return new AquastreamError('busy', `the lock of ${project} was lost, so the command has stopped half way`, {
    hint: 'check the connection to the managers, then run the command again; it continues',
  })
}

async function take(project: string, command: string, signal: AbortSignal): Promise<string> {
  const name = lockName(project)
  const own: Holder = {host: hostname(), user: userName(), command, ...(await identify(process.pid))}
  const lock = {name, data: JSON.stringify(own), labels: {...labelsOf(project), [LABEL.kind]: 'lock'}}
  for (;;) {
    try {
      return await create('configs', lock, signal)
    } catch (error) {
      if (!hasStatus(error, 409)) throw error
    }
    const held = await findLock(project, signal)
    if (!held) continue
    const holder = holderOf(held)
    if (await isAlive(held, holder)) throw busy(project, holder)
    await remove(`/configs/${held.ID}`, {what: 'remove a stale lock', signal})
  }
}

function lockName(project: string): string {
  return `${project}_lock`
}

async function findLock(project: string, signal?: AbortSignal): Promise<Stored | undefined> {
  const filters = {name: [lockName(project)]}
  const found = await get('/configs', storedSchema, {what: 'find the lock', params: {filters}, signal})
  return found.find(({Spec: {Name}}) => Name === lockName(project))
}

function holderOf(lock: Stored): Holder {
  return holderSchema.parse(JSON.parse(contentOf(lock)))
}

async function isAlive({UpdatedAt: updated}: Stored, holder: Holder): Promise<boolean> {
  // Two machines can have one host name, and a process of before a restart says nothing about the one with its number now.
  if (holder.host === hostname() && bootOf(holder) !== undefined && (await isOfThisBoot(holder))) {
    const life = await lifeOf(holder)
    if (life !== 'unknown') return life === 'alive'
  }
  const {SystemTime: now} = await readInfo()
  return Date.parse(now) - Date.parse(updated) < SILENCE_MS
}

/** Updates the lock, which sets its time of update. */
async function touch(id: string): Promise<void> {
  const schema = storedSchema.element
  const {Spec: spec, Version: version} = await get(`/configs/${id}`, schema, {what: 'read the lock'})
  const Labels = {...spec.Labels, 'aquastream.beat': new Date().toISOString()}
  const params = {version: String(version.Index)}
  await post(`/configs/${id}/update`, {...spec, Labels}, {what: 'keep the lock', params})
}

function busy(project: string, {host, user, command, pid}: Holder): AquastreamError {
  const message = `${project} is being changed by ${command} (${user} on ${host}, process ${pid})`
  return new AquastreamError('busy', message, {hint: 'wait until it has ended, then run the command again'})
}
