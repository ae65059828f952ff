import {existsSync} from 'node:fs'
import type {BackupSet} from '../../backup/repository/backup-set.js'
import type {Context} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {parseJson} from '../../system/text/parse-json.js'
import * as z from '../../system/zod.js'
import {evidenceOf, faultOf, INCOMPLETE, reasonIn, type ResticResult} from '../restic/outcome.js'
import {type Repository, resticError} from '../restic/repository.js'
import {filesOf, isComplete} from './complete.js'
import {type SnapshotTags, tagsOf} from '../restic/snapshots.js'

/** What a new snapshot contains. */
interface SaveRequest {
  repository: Repository
  /** Its files are at the root of the snapshot. */
  set: BackupSet
  tags: SnapshotTags
  /** The files are compressed already, so that restic need not try. */
  isCompressed: boolean
}

/** A new snapshot. */
export interface Saved {
  /** Bytes added to the repository. */
  moved: number
  /** The beginning of its ID. */
  snapshot: string
}

/** How often a snapshot is taken again whose files changed or vanished. */
const ATTEMPTS = 3

/**
 * Saves a backup as a snapshot; `on` receives the bytes read so far. A snapshot that lacks a file is removed, unless the
 * repository only accepts additions, and taken again.
 * @returns undefined if the backup was deleted in the meantime
 * @throws offsite-failed; the errors of a failed command
 */
export async function saveSnapshot(
  request: SaveRequest,
  ctx: Context<number>,
  attempts = ATTEMPTS,
): Promise<Saved | undefined> {
  const {repository, set, tags, isCompressed} = request
  const directory = set.path
  let summary: z.infer<typeof summarySchema> | undefined
  const onLine = (line: string): void => {
    const message = parseMessage(line)
    if (message?.message_type === 'status') ctx.on(message.bytes_done ?? 0)
    if (message?.message_type === 'summary') summary = message
  }
  const args = ['backup', '--json', '--host', tags.project, '--tag', tagsOf(tags)]
  const compression = isCompressed ? ['--compression', 'off'] : []
  if (!existsSync(directory)) return undefined
  const result = await repository.attempt(
    [...args, ...compression, '--', ...filesOf(set).map(name => `./${name}`)],
    {
      signal: ctx.signal,
      directory,
      onLine,
      stallMs: repository.settings.stallMs,
    },
  )
  if (!summary && !existsSync(directory)) return undefined
  if (![0, INCOMPLETE].includes(result.exitCode) || !summary) throw failed(repository, tags, result)
  const snapshot = summary.snapshot_id
  if (result.exitCode === 0 && (await isComplete({repository, snapshot}, set, ctx.signal)))
    return {moved: summary.data_added_packed ?? summary.data_added, snapshot}
  // restic has saved a snapshot without the files that it could not read or did not find.
  await repository.attempt(['forget', snapshot], {signal: ctx.signal, stallMs: repository.answerMs})
  if (!existsSync(directory)) return undefined
  if (attempts === 1) throw failed(repository, tags, result)
  return saveSnapshot(request, ctx, attempts - 1)
}

const summarySchema = z.object({
  message_type: z.literal('summary'),
  data_added: z.int(),
  /** After compression; since 0.17. */
  data_added_packed: z.int().optional(),
  /** Short in 0.14. */
  snapshot_id: z.string().regex(/^[0-9a-f]{8,64}$/),
})
const statusSchema = z.object({message_type: z.literal('status'), bytes_done: z.int().optional()})

function parseMessage(line: string) {
  const json = parseJson(line)
  return summarySchema.safeParse(json).data ?? statusSchema.safeParse(json).data
}

function failed({name}: Repository, {id}: {id: string}, result: ResticResult): AquastreamError {
  if (faultOf(result) !== 'other') return resticError(name, result)
  return new AquastreamError(
    'offsite-failed',
    `${id} was not copied to ${name}: ${reasonIn(result.stderr)}`,
    {
      hint: 'fix the error reported by restic, then run the command again: it continues',
      evidence: evidenceOf(result),
    },
  )
}
