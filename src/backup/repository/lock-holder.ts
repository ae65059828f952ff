import {readFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {AquastreamError} from '../../errors.js'
import {identify, lifeOf as lifeHere} from '../../system/process-identity.js'
import * as z from '../../system/zod.js'

const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  command: z.string(),
  since: z.iso.datetime(),
  /** Tells the process from a later one with its pid, where the system says so. */
  started: z.string().optional(),
})

/** Who holds the lock of a directory, as `.lock.json` beside the lock says. */
export type Holder = z.infer<typeof holderSchema>

/** Nothing when nobody wrote it, or it is being written just now. */
export async function readHolder(root: string): Promise<Holder | undefined> {
  try {
    const text = await readFile(join(root, '.lock.json'), 'utf8')
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** This process as a holder. */
export async function holderHere(command: string): Promise<Holder> {
  return {...(await identify(process.pid)), host: hostname(), command, since: new Date().toISOString()}
}

/** What is known of it. Of another machine, or where the system does not tell processes apart: nothing. */
export async function lifeOf(holder: Holder): Promise<'alive' | 'gone' | 'unknown'> {
  return holder.host === hostname() ? lifeHere(holder) : 'unknown'
}

/** Names the holder where one is known. */
export function busyError(root: string, holder: Holder | undefined): AquastreamError {
  if (!holder) {
    return new AquastreamError('busy', `${root} is in use by another run`, {
      hint: 'wait until it has ended, then run the same command again',
    })
  }
  const {command, pid, host, since} = holder
  const where = host === hostname() ? '' : ` on ${host}`
  const when = `${since.slice(0, 19).replace('T', ' ')} UTC`
  return new AquastreamError('busy', `${root} is in use by ${command} (pid ${pid}${where}) since ${when}`, {
    hint: `wait until it has ended; see what it does${where}: ps -fp ${pid}`,
  })
}
