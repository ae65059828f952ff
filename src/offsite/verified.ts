import type {StackContext} from '../engines/stack-context.js'
import * as z from '../system/zod.js'
import {addLines, readRecord} from './records.js'
import type {Repository} from './restic/repository.js'

/** What this machine has verified to be complete in a repository. */
export interface Verified {
  /** IDs of snapshots. */
  snapshots: ReadonlySet<string>
  /** IDs of backups. */
  sets: ReadonlySet<string>
  /**
   * Records a snapshot.
   * @throws backup-directory, disk-full
   */
  add(snapshot: string, set: string): Promise<void>
}

const configSchema = z.object({id: z.string().regex(/^[0-9a-f]{64}$/)})

/**
 * Reads which snapshots of a repository this machine has verified. The record names the repository by the ID that
 * restic gave it, so that a new repository gets everything.
 * @throws backup-directory; the errors of a failed command
 */
export async function readVerified(
  stack: StackContext,
  repository: Repository,
  signal: AbortSignal,
): Promise<Verified> {
  const text = await repository.run(['cat', 'config', '--no-lock'], {signal, stallMs: repository.answerMs})
  const {id: owner} = configSchema.parse(JSON.parse(text))
  const lines = (await readRecord(stack, 'verified')) ?? []
  const own = lines.map(line => line.split(' ')).filter(([first]) => first === owner)
  const snapshots = new Set(own.map(words => words[1] ?? ''))
  const sets = new Set(own.map(words => words[2] ?? ''))
  return {
    snapshots,
    sets,
    async add(snapshot, set) {
      await addLines(stack, 'verified', [`${owner} ${snapshot} ${set}`])
      snapshots.add(snapshot)
      sets.add(set)
    },
  }
}
