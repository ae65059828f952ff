import {readdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {timeOf} from '../../backup/repository/backup-set.js'
import {withDirectoryLock} from '../../backup/repository/lock.js'
import {storageError} from '../../backup/storage-error.js'
import type {StackContext} from '../../engines/stack-context.js'
import {isBusy} from '../../errors.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {workplaceOf} from '../workplace.js'

/**
 * Runs a pull in the directory of the drafts, one at a time. It is not in the way of other commands: backups are taken
 * and deleted meanwhile, and a push copies them.
 * @throws busy, backup-directory, disk-full; also the errors of the work
 */
export function withDrafts<T>(
  stack: StackContext,
  work: (directory: string, lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const directory = directoryOf(stack)
  return withDirectoryLock(directory, 'offsite:pull', async lost => {
    await deleteDrafts(directory)
    return work(directory, lost)
  })
}

/**
 * Deletes what interrupted pulls have left, unless a pull runs.
 * @throws backup-directory, disk-full
 */
export async function deleteOldDrafts(stack: StackContext): Promise<void> {
  const directory = directoryOf(stack)
  if ((await listDrafts(directory)).length === 0) return
  await withDirectoryLock(directory, 'offsite:push', () => deleteDrafts(directory)).catch(
    (error: unknown) => {
      if (!isBusy(error)) throw error
    },
  )
}

function directoryOf(stack: StackContext): string {
  return join(workplaceOf(stack), 'pulls')
}

async function listDrafts(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw storageError(directory, error)
  })
  return names.filter(name => timeOf(name) !== undefined)
}

async function deleteDrafts(directory: string): Promise<void> {
  for (const name of await listDrafts(directory)) {
    const path = join(directory, name)
    await rm(path, {recursive: true, force: true}).catch((error: unknown) => {
      throw storageError(path, error)
    })
  }
}
