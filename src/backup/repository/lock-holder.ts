import {constants} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {AquastreamError} from '../../errors.js'
import {identify, isPidOfHere, type Life, lifeOf as lifeHere} from '../../system/process-identity.js'
import * as z from '../../system/zod.js'

const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  command: z.string(),
  since: z.iso.datetime(),
  /**
   * Start time of the process, if the operating system provides it: it distinguishes the process from a later one with its
   * pid.
   */
  started: z.string().optional(),
  pidNamespace: z.string().optional(),
})

/** The process that holds the lock of a repository, as recorded in `.lock.json`. */
export type Holder = z.infer<typeof holderSchema>

/**
 * Reads the recorded holder; undefined when the file is missing or incomplete, for example while it is being
 * written.
 */
export async function readHolder(root: string): Promise<Holder | undefined> {
  try {
    // Without O_NONBLOCK, a pipe in place of the file would be waited for.
    const flag = constants.O_RDONLY | constants.O_NONBLOCK
    const text = await readFile(join(root, '.lock.json'), {encoding: 'utf8', flag})
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Describes this process as the holder of a lock. */
export async function holderHere(command: string): Promise<Holder> {
  return {...(await identify(process.pid)), host: hostname(), command, since: new Date().toISOString()}
}

/** Returns what is known of the holder; `unknown` also on another machine. */
export async function lifeOf(holder: Holder): Promise<Life> {
  return holder.host === hostname() ? lifeHere(holder) : 'unknown'
}

/** Creates the error `busy`, which names the holder if it is known. */
export function busyError(root: string, holder: Holder | undefined): AquastreamError {
  if (!holder) {
    return new AquastreamError('busy', `${root} is in use by another command`, {
      hint: 'wait until it has finished, then run the command again',
    })
  }
  const {command, pid, since} = holder
  const where = whereIs(holder)
  const when = `${since.slice(0, 19).replace('T', ' ')} UTC`
  return new AquastreamError('busy', `${root} is in use by ${command} (pid ${pid}${where}) since ${when}`, {
    hint: `wait until it has finished; to see the process${where}, run ps -fp ${pid}`,
  })
}

function whereIs(holder: Holder): string {
  if (holder.host !== hostname()) return ` on ${holder.host}`
  return isPidOfHere(holder) ? '' : ' in another PID namespace'
}
