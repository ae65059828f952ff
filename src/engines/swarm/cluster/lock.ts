import {hostname, userInfo} from 'node:os'
import * as z from '../../../system/zod.js'
import {AquastreamError} from '../../../errors.js'
import {identify, lifeOf} from '../../../system/process-identity.js'
import {get, hasStatus, post, remove} from '../api/client.js'
import {type Stored, storedSchema} from '../api/objects.js'
import {LABEL, labelsOf} from '../translate/spec.js'
import {readInfo} from './cluster.js'
import {create} from './store.js'

/** The holder says this often, in ms, that it is alive. */
const BEAT_MS = 5000
/** A holder that has been silent for this long, in ms by the clocks of the managers, is dead. */
const SILENCE_MS = 60_000

const holderSchema = z.object({
  host: z.string(),
  user: z.string(),
  command: z.string(),
  pid: z.number(),
  started: z.string().optional(),
})
type Holder = z.infer<typeof holderSchema>

/**
 * Runs a change of a stack while no other machine changes it. The lock is a Swarm config: the managers agree who creates
 * it. A holder that was killed on this machine is recognized by its process, one on another machine by its silence.
 * @throws busy: another command holds the lock
 */
export async function withSwarmLock<T>(
  project: string,
  command: string,
  {signal, work}: {signal: AbortSignal; work: () => Promise<T>},
): Promise<T> {
  const id = await take(project, command, signal)
  const beat = setInterval(() => void touch(id).catch(() => undefined), BEAT_MS).unref()
  try {
    return await work()
  } finally {
    clearInterval(beat)
    // Also after an interrupt, so the signal does not apply.
    await remove(`/configs/${id}`, {what: 'release the lock'})
  }
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

function holderOf({Spec: {Data: data}}: Stored): Holder {
  return holderSchema.parse(JSON.parse(Buffer.from(data, 'base64').toString()))
}

async function isAlive({UpdatedAt: updated}: Stored, holder: Holder): Promise<boolean> {
  if (holder.host === hostname()) {
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

/** Returns the name of the current user, which a container may not have. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
