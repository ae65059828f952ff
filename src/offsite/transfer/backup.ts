import type {Context} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {parseJson} from '../../system/text/parse-json.js'
import * as z from '../../system/zod.js'
import type {Place} from '../restic/launcher.js'
import {evidenceOf, faultOf, INCOMPLETE, reasonIn, type ResticResult} from '../restic/outcome.js'
import {type Repository, resticError} from '../restic/repository.js'

/** A snapshot to take. */
export interface BackupRequest {
  repository: Repository
  /** What it is called in messages. */
  name: string
  project: string
  /** As restic takes them. */
  tags: string
  /** Returns the options and the paths of the command. */
  args: () => string[]
  /** Where the paths are. */
  place: Place
  /** Returns whether the new snapshot has everything. */
  isComplete: (saved: Saved) => Promise<boolean>
  /** Returns whether the files were deleted in the meantime, so that there is nothing to save. */
  isGone: () => boolean
}

/** A new snapshot. */
export interface Saved {
  /** Bytes added to the repository. */
  moved: number
  /** The number of all its files. */
  files: number
  /** Bytes of all its files. */
  bytes: number
  /** The beginning of its ID. */
  snapshot: string
}

/** How often a snapshot is taken again whose files changed or vanished. */
const ATTEMPTS = 3

/**
 * Takes a snapshot; `on` receives the bytes read so far. A snapshot that lacks a file is removed, unless the repository
 * only accepts additions, and taken again.
 * @returns undefined if the files were deleted in the meantime
 * @throws offsite-failed; the errors of a failed command
 */
export async function takeSnapshot(
  request: BackupRequest,
  ctx: Context<number>,
  attempts = ATTEMPTS,
): Promise<Saved | undefined> {
  const {repository, isGone} = request
  if (isGone()) return undefined
  const {result, summary} = await backUp(request, ctx)
  if (!summary && isGone()) return undefined
  if (![0, INCOMPLETE].includes(result.exitCode) || !summary) throw failed(request, result)
  const saved = {
    moved: summary.data_added_packed ?? summary.data_added,
    files: summary.total_files_processed,
    bytes: summary.total_bytes_processed,
    snapshot: summary.snapshot_id,
  }
  if (result.exitCode === 0 && (await request.isComplete(saved))) return saved
  // restic has saved a snapshot without the files that it could not read or did not find.
  await repository.attempt(['forget', saved.snapshot], {signal: ctx.signal, stallMs: repository.answerMs})
  if (isGone()) return undefined
  if (attempts === 1) throw failed(request, result)
  return takeSnapshot(request, ctx, attempts - 1)
}

async function backUp(
  {repository, project, tags, args, place}: BackupRequest,
  {on, signal}: Context<number>,
): Promise<{result: ResticResult; summary: z.infer<typeof summarySchema> | undefined}> {
  let summary: z.infer<typeof summarySchema> | undefined
  const onLine = (line: string): void => {
    const message = parseMessage(line)
    if (message?.message_type === 'status') on(message.bytes_done ?? 0)
    if (message?.message_type === 'summary') summary = message
  }
  const words = ['backup', '--json', '--host', project, '--tag', tags, ...args()]
  const {stallMs} = repository.settings
  return {result: await repository.attempt(words, {signal, onLine, stallMs, ...place}), summary}
}

const summarySchema = z.object({
  message_type: z.literal('summary'),
  data_added: z.int(),
  /** After compression; since 0.17. */
  data_added_packed: z.int().optional(),
  total_files_processed: z.int(),
  total_bytes_processed: z.int(),
  /** Short in 0.14. */
  snapshot_id: z.string().regex(/^[0-9a-f]{8,64}$/),
})
const statusSchema = z.object({message_type: z.literal('status'), bytes_done: z.int().optional()})

function parseMessage(line: string) {
  const json = parseJson(line)
  return summarySchema.safeParse(json).data ?? statusSchema.safeParse(json).data
}

function failed({repository: {name: place}, name}: BackupRequest, result: ResticResult): AquastreamError {
  if (faultOf(result) !== 'other') return resticError(place, result)
  return new AquastreamError(
    'offsite-failed',
    `${name} was not copied to ${place}: ${reasonIn(result.stderr)}`,
    {
      hint: 'fix the error reported by restic, then run the command again: it continues',
      evidence: evidenceOf(result),
    },
  )
}
