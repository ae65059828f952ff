import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {StackContext} from '../engines/stack-context.js'
import * as z from '../system/zod.js'
import {addLines, readRecord} from './records.js'
import type {Repository} from './restic/repository.js'
import {workplaceOf} from './workplace.js'

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

/** The record of the backups that a push copies, by their IDs. It is deleted when the repository has been checked. */
const UNVERIFIED = 'unverified'

/**
 * Records that a push begins to copy backups.
 * @throws backup-directory, disk-full
 */
export async function recordUnverified(stack: StackContext, sets: string[]): Promise<void> {
  if (sets.length > 0) await addLines(stack, UNVERIFIED, sets)
}

/**
 * Returns the IDs of the backups that this machine has copied, or begun to copy, without a check of the repository
 * afterwards: a damaged repository accepts a push without an error.
 * @throws backup-directory
 */
export async function readUnverified(stack: StackContext): Promise<ReadonlySet<string>> {
  return new Set(await readRecord(stack, UNVERIFIED))
}

/** Records that the repository has been checked since the last push. */
export async function unsetUnverified(stack: StackContext): Promise<void> {
  await rm(join(workplaceOf(stack), UNVERIFIED), {force: true})
}
