import {existsSync} from 'node:fs'
import type {BackupSet} from '../../backup/repository/backup-set.js'
import type {Context} from '../../engines/engine.js'
import type {Repository} from '../restic/repository.js'
import {type SnapshotTags, tagsOf} from '../restic/snapshots.js'
import {type Saved, takeSnapshot} from './backup.js'
import {filesOf, hasSize, isComplete} from './complete.js'

/** What a new snapshot contains. */
interface SaveRequest {
  repository: Repository
  /** Its files are at the root of the snapshot. */
  set: BackupSet
  tags: SnapshotTags
  /** The files are compressed already, so that restic need not try. */
  isCompressed: boolean
}

/**
 * Saves a backup as a snapshot; `on` receives the bytes read so far.
 * @returns undefined if the backup was deleted in the meantime
 * @throws offsite-failed; the errors of a failed command
 */
export function saveSnapshot(
  {repository, set, tags, isCompressed}: SaveRequest,
  ctx: Context<number>,
): Promise<Saved | undefined> {
  const directory = set.path
  const compression = isCompressed ? ['--compression', 'off'] : []
  return takeSnapshot(
    {
      repository,
      name: tags.id,
      project: tags.project,
      tags: tagsOf(tags),
      args: () => [...compression, '--', ...filesOf(set).map(name => `./${name}`)],
      place: {directory},
      // Another start of restic is saved if it has read every file and every byte.
      isComplete: async ({snapshot, files, bytes}) =>
        hasSize(set, {files, bytes}) || isComplete({repository, snapshot}, set, ctx.signal),
      isGone: () => !existsSync(directory),
    },
    ctx,
  )
}
