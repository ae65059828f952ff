import {readFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {z} from 'zod'
import {AquastreamError} from '../errors.js'
import {codeOf} from './directory.js'

const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  command: z.string(),
  since: z.iso.datetime(),
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

/** Whether it is known to have ended. Of another machine nothing is known. */
export function isGone({pid, host}: Holder): boolean {
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return codeOf(error) === 'ESRCH'
  }
}

export function busyError(root: string, holder: Holder | undefined): AquastreamError {
  if (!holder || isGone(holder)) {
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
