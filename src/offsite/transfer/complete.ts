import {existsSync, statSync} from 'node:fs'
import {join} from 'node:path'
import type {BackupSet} from '../../backup/repository/backup-set.js'
import {CHECKSUMS, entriesOf, MANIFEST, PINNED} from '../../backup/repository/manifest.js'
import {AquastreamError} from '../../errors.js'
import type {Repository} from '../restic/repository.js'
import {listFiles} from './restore-snapshot.js'

/** Returns the names of the files of a complete backup; other files in its directory are not part of it. */
export function filesOf({path, manifest}: BackupSet): string[] {
  const archives = entriesOf(manifest!).map(({file}) => file)
  const pin = existsSync(join(path, PINNED)) ? [PINNED] : []
  return [...new Set([...archives, MANIFEST, CHECKSUMS, ...pin])]
}

/**
 * Returns whether a snapshot has every file of a local backup, with its size. restic reports success for a snapshot
 * without a file that it did not find.
 * @throws the errors of a failed command
 */
export async function isComplete(
  {repository, snapshot}: {repository: Repository; snapshot: string},
  set: BackupSet,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await listFiles({repository, snapshot}, signal).catch((error: unknown) => {
    if (error instanceof AquastreamError && error.code === 'archive-damaged') return []
    throw error
  })
  const sizes = new Map(found.map(({name, bytes}) => [name, bytes]))
  return filesOf(set)
    .filter(name => name !== PINNED)
    .every(name => sizes.get(name) === sizeOf(set, name))
}

/** Returns whether the files of a local backup, a pin included, have this number and this total size. */
export function hasSize(set: BackupSet, {files, bytes}: {files: number; bytes: number}): boolean {
  const sizes = filesOf(set).map(name => sizeOf(set, name) ?? Number.NaN)
  return sizes.length === files && sizes.reduce((sum, size) => sum + size, 0) === bytes
}

/** Returns the bytes of a file, or undefined if there is none. */
function sizeOf({path}: BackupSet, name: string): number | undefined {
  return statSync(join(path, name), {throwIfNoEntry: false})?.size
}
