import {rm, writeFile} from 'node:fs/promises'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {withDirectoryLock} from '../backup/repository/lock.js'
import {createDirectory} from '../system/files/create-directory.js'
import {storageError} from '../backup/storage-error.js'
import type {StackContext} from '../engines/stack-context.js'

/**
 * The hidden directory beside the backups in which the off-site commands keep their lock and their records. Its lock
 * is not that of the backups: a nightly backup does not wait for a long push.
 */
export function workplaceOf({backups}: StackContext): string {
  return join(backups, '.offsite')
}

/** Creates the directory, which only its user can read. */
export async function makeWorkplace(stack: StackContext): Promise<void> {
  await createDirectory(workplaceOf(stack), 0o700)
}

/**
 * Runs work that writes to the off-site repository, one at a time on this machine.
 * @throws busy, backup-directory, disk-full
 */
export function withOffsiteLock<T>(
  stack: StackContext,
  purpose: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDirectoryLock(workplaceOf(stack), purpose, work)
}

/**
 * Exists while a push moves data, or while a rotation removes snapshots and prunes: if it exists before, the
 * last command was interrupted.
 */
type Mark = 'pushing' | 'pruning'

/** Returns whether the last command was interrupted. */
export function hasMark(stack: StackContext, mark: Mark): boolean {
  return existsSync(join(workplaceOf(stack), mark))
}

/**
 * Records that work begins.
 * @throws backup-directory, disk-full
 */
export async function setMark(stack: StackContext, mark: Mark): Promise<void> {
  const path = join(workplaceOf(stack), mark)
  await writeFile(path, '', {mode: 0o600}).catch((error: unknown) => {
    throw storageError(path, error)
  })
}

/** Records that the work is complete. */
export async function unsetMark(stack: StackContext, mark: Mark): Promise<void> {
  await rm(join(workplaceOf(stack), mark), {force: true})
}
