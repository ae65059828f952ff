import {rm, writeFile} from 'node:fs/promises'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {withDirectoryLock} from '../backup/repository/lock.js'
import {storageError} from '../backup/storage-error.js'
import type {StackContext} from '../engines/stack-context.js'

/**
 * The hidden directory beside the backups in which the off-site commands keep their lock and their records. Its lock
 * is not that of the backups: a nightly backup does not wait for a long push.
 */
export function workplaceOf({backups}: StackContext): string {
  return join(backups, '.offsite')
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

/** Exists while a push moves data: if it exists before a push, the last one was interrupted. */
function markerOf(stack: StackContext): string {
  return join(workplaceOf(stack), 'pushing')
}

/** Returns whether the last push was interrupted. */
export function wasInterrupted(stack: StackContext): boolean {
  return existsSync(markerOf(stack))
}

/**
 * Records that a push moves data.
 * @throws backup-directory, disk-full
 */
export async function markPush(stack: StackContext): Promise<void> {
  await writeFile(markerOf(stack), '', {mode: 0o600}).catch((error: unknown) => {
    throw storageError(markerOf(stack), error)
  })
}

/** Records that the push is complete. */
export async function unmarkPush(stack: StackContext): Promise<void> {
  await rm(markerOf(stack), {force: true})
}
