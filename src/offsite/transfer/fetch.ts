import {chmod, chown, lstat, readdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {findDamagedFile} from '../../backup/archive/read.js'
import {inspect} from '../../backup/repository/inspect.js'
import {CHECKSUMS, entriesOf, MANIFEST, type Manifest, PINNED} from '../../backup/repository/manifest.js'
import {withDraft} from '../../backup/repository/publish.js'
import {storageError} from '../../backup/storage-error.js'
import type {Context} from '../../engines/engine.js'
import type {StackContext} from '../../engines/stack-context.js'
import {AquastreamError} from '../../errors.js'
import {flush, freeSpace} from '../../system/files/disk.js'
import {size} from '../../system/text/size.js'
import {withDrafts} from './drafts.js'
import {DAMAGED_HINT, listFiles, restoreSnapshot} from './restore-snapshot.js'
import type {Repository} from '../restic/repository.js'

/** Reports the progress of a backup that is copied from the off-site repository. */
export interface FetchEvent {
  type: 'fetch'
  id: string
  state: 'copying' | 'copied' | 'verifying' | 'done'
  bytes: number
  total: number
}

/** What to fetch, and where to. */
interface FetchRequest {
  repository: Repository
  stack: StackContext
  /** ID of the backup. */
  id: string
  /** ID of its snapshot. */
  snapshot: string
  /** It was pinned when one of its snapshots was made. */
  isPinned: boolean
}

/**
 * Copies a backup to a hidden directory, verifies it by its checksums, and renames it to its ID. restic leaves wrong
 * content under the right name and size when the repository is damaged, so nothing else shows that the copy is right.
 * The rename needs no lock of the local repository, because the backup appears at once.
 * @returns the path of the backup
 * @throws archive-damaged, offsite-unreachable, busy, backup-directory, disk-full
 */
export function fetchSet(request: FetchRequest, ctx: Context<FetchEvent>): Promise<string> {
  const {stack, id} = request
  const root = stack.backups
  return withDrafts(stack, async (drafts, lost) => {
    const signal = AbortSignal.any([ctx.signal, lost])
    const draft = join(drafts, id)
    await withDraft({root, id, draft}, () => fillDraft(request, draft, {...ctx, signal}))
    ctx.on({type: 'fetch', id, state: 'done', bytes: 0, total: 0})
    return join(root, id)
  })
}

async function fillDraft(
  {repository, stack: {backups}, id, snapshot, isPinned}: FetchRequest,
  draft: string,
  {on, signal}: Context<FetchEvent>,
): Promise<void> {
  const files = await listFiles({repository, snapshot}, signal)
  const total = files.reduce((sum, {bytes}) => sum + bytes, 0)
  await requireSpace(backups, total)
  on({type: 'fetch', id, state: 'copying', bytes: 0, total})
  const copied = (bytes: number): void => on({type: 'fetch', id, state: 'copying', bytes, total})
  await restoreSnapshot({repository, snapshot, target: draft}, {on: copied, signal})
  on({type: 'fetch', id, state: 'copied', bytes: total, total})
  await makePrivate(draft)
  const {manifest, state, reason} = inspect(draft, id) ?? {}
  if (state !== 'complete' || !manifest) throw damaged(repository, id, reason ?? 'it is empty')
  await refuseOthers(draft, manifest, repository)
  on({type: 'fetch', id, state: 'verifying', bytes: 0, total})
  const entries = entriesOf(manifest)
  const file = await findDamagedFile(draft, entries, signal)
  if (file !== undefined) throw damaged(repository, id, `the checksum of ${file} does not match`)
  for (const entry of entries) await flush(join(draft, entry.file))
  if (isPinned) await writeFile(join(draft, PINNED), '', {mode: 0o600})
}

async function requireSpace(root: string, bytes: number): Promise<void> {
  const free = await freeSpace(root)
  if (free >= bytes) return
  throw new AquastreamError(
    'disk-full',
    `the backup has ${size(bytes)}, and only ${size(free)} are free in ${root}`,
    {
      hint: 'free disk space there, or select another directory with --dir',
    },
  )
}

/** restic restores the owner and the mode that the repository has for each file. */
async function makePrivate(directory: string): Promise<void> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  for (const name of ['', ...(await readdir(directory))]) {
    const path = join(directory, name)
    const stat = await lstat(path)
    // listFiles has accepted nothing but files; chmod would follow a symbolic link.
    if (stat.isSymbolicLink()) throw storageError(path, new Error(`${path} is a symbolic link`))
    if (uid === 0) await chown(path, uid, gid)
    await chmod(path, stat.isDirectory() ? 0o700 : 0o600)
  }
}

async function refuseOthers(directory: string, manifest: Manifest, repository: Repository): Promise<void> {
  const known = entriesOf(manifest).map(({file}) => file)
  const other = (await readdir(directory)).find(
    name => ![CHECKSUMS, MANIFEST, PINNED, ...known].includes(name),
  )
  if (other !== undefined)
    throw damaged(
      repository,
      manifest.id,
      `it contains ${JSON.stringify(other)}, which its manifest does not list`,
    )
}

function damaged({name}: Repository, id: string, why: string): AquastreamError {
  return new AquastreamError('archive-damaged', `backup ${id} in ${name} is damaged: ${why}`, {
    hint: DAMAGED_HINT,
  })
}
