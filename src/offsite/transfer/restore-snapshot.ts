import {lstat, readdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {Context} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {parseJson} from '../../system/text/parse-json.js'
import * as z from '../../system/zod.js'
import type {Place} from '../restic/launcher.js'
import {evidenceOf, faultOf, isDiskFull, reasonIn, type ResticResult} from '../restic/outcome.js'
import {type Repository, resticError} from '../restic/repository.js'

/** What to do about a damaged backup in the repository. */
export const DAMAGED_HINT =
  'nothing was changed; choose another backup: aquastream offsite:list; to see what else is damaged: aquastream offsite:check --read-data-subset 100%'

interface SnapshotRef {
  repository: Repository
  /** ID of the snapshot. */
  snapshot: string
}

/** One file of a backup in the repository. */
interface FileEntry {
  name: string
  bytes: number
}

const nodeSchema = z.object({
  struct_type: z.literal('node'),
  type: z.string(),
  path: z.string().startsWith('/'),
  /** Missing for an empty file. */
  size: z.int().nonnegative().optional(),
})

/**
 * Lists the files of a backup in the repository. Whoever has the password can write any snapshot: one that contains
 * anything but files at its root is refused before restic creates it on this machine.
 * @throws archive-damaged; the errors of a failed command
 */
export async function listFiles(
  {repository, snapshot}: SnapshotRef,
  signal: AbortSignal,
): Promise<FileEntry[]> {
  const files: FileEntry[] = []
  await listNodes({repository, snapshot}, signal, node => {
    const [, name] = /^\/([^/\p{Cc}]+)$/u.exec(node.path) ?? []
    const isNew = files.every(file => file.name !== name)
    if (node.type !== 'file' || name === undefined || !isNew) return false
    files.push({name, bytes: node.size ?? 0})
    return true
  })
  return files
}

/**
 * Returns the total size of a snapshot, which has to consist of files and directories: a link could lead restic or MinIO
 * anywhere.
 * @throws archive-damaged; the errors of a failed command
 */
export async function sizeOfTree(ref: SnapshotRef, signal: AbortSignal): Promise<number> {
  let bytes = 0
  await listNodes(ref, signal, ({type, size}) => {
    bytes += size ?? 0
    return type === 'file' || type === 'dir'
  })
  return bytes
}

/**
 * Calls a function with everything in a snapshot.
 * @param accept returns whether it may be restored
 * @throws archive-damaged; the errors of a failed command
 */
async function listNodes(
  {repository, snapshot}: SnapshotRef,
  signal: AbortSignal,
  accept: (node: z.infer<typeof nodeSchema>) => boolean,
): Promise<void> {
  let refused: string | undefined
  const onLine = (line: string): void => {
    const {data: node} = nodeSchema.safeParse(parseJson(line))
    if (node && !accept(node)) refused ??= node.path
  }
  const result = await repository.attempt(['ls', '--json', '--no-lock', snapshot], {
    signal,
    onLine,
    stallMs: repository.settings.stallMs,
  })
  if (result.exitCode !== 0) throw await restoreError({repository, snapshot}, result, signal)
  if (refused === undefined) return
  throw new AquastreamError(
    'archive-damaged',
    `snapshot ${snapshot.slice(0, 8)} in ${repository.name} cannot be restored: it contains ${JSON.stringify(refused)}`,
    {hint: 'nothing was copied; choose another backup: aquastream offsite:list'},
  )
}

/** A directory in a volume of Docker. */
interface VolumeTarget extends NonNullable<Place['volume']> {
  /** Returns a text that changes when something is written to the directory. */
  observe: (signal: AbortSignal) => Promise<string>
}

/**
 * Restores a snapshot into an existing directory, of this machine or of a volume; `on` receives the bytes restored so
 * far, with restic 0.17 or newer. Without a lock, so that it works with a key that may only read.
 * @throws archive-damaged: the repository is damaged; offsite-unreachable and the other errors of a failed command
 */
export async function restoreSnapshot(
  {repository, snapshot, target, volume}: SnapshotRef & {target: string; volume?: VolumeTarget},
  {on, signal}: Context<number>,
): Promise<void> {
  const onLine = (line: string): void => {
    const {data} = statusSchema.safeParse(parseJson(line))
    if (data) on(data.bytes_restored ?? 0)
  }
  const args = ['restore', snapshot, '--json', '--no-lock', '--target', target]
  const {stallMs} = repository.settings
  const place = volume ? {volume, observe: volume.observe} : {target, observe: () => lastWrite(target)}
  const result = await repository.attempt(args, {signal, onLine, stallMs, ...place})
  if (result.exitCode === 0) return
  throw isDiskFull(result)
    ? diskFull(result, volume?.name)
    : await restoreError({repository, snapshot}, result, signal)
}

async function lastWrite(directory: string): Promise<string> {
  const names = await readdir(directory)
  const stats = await Promise.all(names.map(name => lstat(join(directory, name)).catch(() => undefined)))
  return `written ${Math.max(0, ...stats.map(stat => stat?.mtimeMs ?? 0))}`
}

function diskFull(result: ResticResult, volume: string | undefined): AquastreamError {
  const [message, hint] =
    volume === undefined
      ? [
          'the disk is full to which the backup is copied',
          'free disk space there, or select another directory with --dir',
        ]
      : [
          `the disk of the volume ${volume} is full: it has to hold the present data and the copy`,
          'nothing was changed; free disk space where Docker stores its volumes, then run the command again: docker system df',
        ]
  return new AquastreamError('disk-full', message, {hint, evidence: evidenceOf(result)})
}

const statusSchema = z.object({message_type: z.literal('status'), bytes_restored: z.int().optional()})

/**
 * restic has one exit status for damaged data and for a lost connection: the data is damaged if the repository still
 * answers.
 */
async function restoreError(
  {repository, snapshot}: SnapshotRef,
  result: ResticResult,
  signal: AbortSignal,
): Promise<AquastreamError> {
  const {name} = repository
  const probe = await repository.attempt(['cat', 'config', '--no-lock'], {
    signal,
    stallMs: repository.answerMs,
  })
  if (probe.exitCode !== 0 || !['other', 'damaged'].includes(faultOf(result)))
    return resticError(name, probe.exitCode === 0 ? result : probe)
  return new AquastreamError(
    'archive-damaged',
    `snapshot ${snapshot.slice(0, 8)} in ${name} cannot be read completely: ${reasonIn(result.stderr)}`,
    {
      hint: DAMAGED_HINT,
      evidence: evidenceOf(result),
    },
  )
}
