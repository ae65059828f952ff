import {timeOf} from '../../backup/repository/backup-set.js'
import {AquastreamError} from '../../errors.js'
import {together} from '../../system/async/together.js'
import {parseJson} from '../../system/text/parse-json.js'
import * as z from '../../system/zod.js'
import {listIds} from './list-ids.js'
import type {Repository} from './repository.js'
import {type StoreSnapshot, toStoreSnapshot} from './store-snapshots.js'
import {parseTags, tagText} from './tags.js'

/** A backup in the off-site repository: a snapshot that this program made. */
export interface Snapshot {
  /** The ID that restic gave it: 64 hexadecimal digits. */
  snapshot: string
  /** The ID of the backup. */
  id: string
  takenAt: Date
  /** Total size of its files. */
  bytes: number
  project: string
  profile: string
  kind: 'backup' | 'safety'
  pinned: boolean
  database: string
  schemas: string[]
  /** When restic made the snapshot, in milliseconds since 1970. */
  savedAt: number
  /** All its tags except the pin, sorted, in one text. */
  tags: string
}

/** What a new snapshot is described by. */
export type SnapshotTags = Omit<Snapshot, 'snapshot' | 'takenAt' | 'savedAt' | 'tags'>

/** The fields of the JSON of `restic snapshots` that are used; they are the same in 0.14 and 0.18. */
const listed = z.array(
  z.object({
    id: z.string().regex(/^[0-9a-f]{64}$/),
    time: z.string(),
    tags: z.array(z.string()).optional(),
  }),
)

/** What restic says about one snapshot. */
type Entry = z.infer<typeof listed>[number]

/** Tells a backup from a store, and from what later versions may add. */
const CONTENT = 'set'

/** The tag of a backup that was pinned when its snapshot was made. */
const PIN = 'pinned'

/** Returns the tags of a new snapshot. */
export function tagsOf(snapshot: SnapshotTags): string {
  const {id, bytes, project, profile, kind, pinned, database, schemas} = snapshot
  const values = {content: CONTENT, set: id, bytes: String(bytes), project, profile, kind, database}
  return tagText(
    [...Object.entries(values), ...schemas.map((schema): [string, string] => ['schema', schema])],
    pinned ? [PIN] : [],
  )
}

/** Whose snapshots they are. */
interface Owner {
  project: string
  profile: string
}

/** The snapshots of the repository, the newest first. */
export interface Listing {
  /** Those of this project and profile. */
  ours: Snapshot[]
  /** The snapshots of media and of Redis of this project and profile, the newest first. */
  stores: StoreSnapshot[]
  /** The project and the profile that the listing is for. */
  owner: Owner
  /** Other projects and profiles that have snapshots in the repository. */
  others: Owner[]
  /** Names of other projects that have snapshots in the repository. */
  otherProjects: string[]
  /** IDs of snapshots without valid tags, which this program did not make. */
  unknown: string[]
  /** IDs of snapshots that restic cannot read: nobody knows whose they are, and what belongs to them. */
  unreadable: string[]
}

/**
 * Lists the snapshots of a repository. Snapshots that this program did not make are counted, and never used. What
 * deletes, or takes a backup for missing, has to look at `unreadable`.
 * @throws no-such-repository, offsite-password, offsite-unreachable, busy
 */
export async function listSnapshots(
  repository: Repository,
  owner: Owner,
  signal: AbortSignal,
): Promise<Listing> {
  const {entries, unreadable} = await readEntries(repository, signal)
  const snapshots = entries.map(entry => ({
    entry,
    snapshot: toSnapshot(entry),
    store: toStoreSnapshot(entry),
  }))
  const known = snapshots.flatMap(({snapshot}) => snapshot ?? [])
  const isOurs = ({project, profile}: Owner): boolean =>
    project === owner.project && profile === owner.profile
  const others = known.filter(one => !isOurs(one)).map(({project, profile}) => ({project, profile}))
  return {
    ours: known.filter(isOurs).sort((a, b) => (a.id === b.id ? b.savedAt - a.savedAt : a.id < b.id ? 1 : -1)),
    stores: snapshots
      .flatMap(({store}) => store ?? [])
      .filter(isOurs)
      .sort((a, b) => b.savedAt - a.savedAt),
    owner,
    others,
    otherProjects: [...new Set(others.map(({project}) => project))].sort(),
    unknown: snapshots.filter(({snapshot, store}) => !snapshot && !store).map(({entry}) => entry.id),
    unreadable,
  }
}

/**
 * restic reports success for a list without the snapshots that it cannot read, and for an empty one when it cannot list
 * any. So the list is compared with that of the files. Another machine can add and remove snapshots between the two:
 * what counts as unreadable was there before the second list was read, and is there afterwards.
 */
async function readEntries(
  repository: Repository,
  signal: AbortSignal,
): Promise<{entries: Entry[]; unreadable: string[]}> {
  const [before, entries] = await together(signal, signal => [
    listIds(repository, 'snapshots', signal),
    loadEntries(repository, signal),
  ])
  const lacks = (list: Entry[], id: string): boolean => list.every(entry => entry.id !== id)
  if (!before.some(id => lacks(entries, id))) return {entries, unreadable: []}
  const again = await loadEntries(repository, signal)
  const after = await listIds(repository, 'snapshots', signal)
  return {entries: again, unreadable: before.filter(id => after.includes(id) && lacks(again, id))}
}

async function loadEntries(repository: Repository, signal: AbortSignal): Promise<Entry[]> {
  // Reading needs no lock, and a lock could not be removed from a read-only repository.
  const text = await repository.run(['snapshots', '--json', '--no-lock'], {
    signal,
    stallMs: repository.answerMs,
  })
  return parse(text, repository.name)
}

/**
 * Lists the snapshots of a repository that is not that of another project or profile.
 * @throws refused; the errors of `listSnapshots`
 */
export async function listOwnSnapshots(
  repository: Repository,
  {project, profile}: Owner,
  signal: AbortSignal,
): Promise<Listing> {
  const listing = await listSnapshots(repository, {project, profile}, signal)
  requireOwn(listing, repository)
  return listing
}

/**
 * Refuses a repository that has snapshots of other projects or profiles only: its settings were probably copied.
 * @throws refused
 */
export function requireOwn(
  {ours, owner, others}: Pick<Listing, 'ours' | 'owner' | 'others'>,
  {name}: Pick<Repository, 'name'>,
): void {
  const [other] = others
  if (ours.length > 0 || other === undefined) return
  const {project} = owner
  const isSame = other.project === project
  const belongs = isSame
    ? `profile ${other.profile} of project ${project}, not to profile ${owner.profile}`
    : `project ${other.project}, not to ${project}`
  throw new AquastreamError('refused', `the off-site repository ${name} belongs to ${belongs}`, {
    hint: `set OFFSITE_REPOSITORY to a repository of its own for each project and profile, or correct ${isSame ? '--profile' : 'AQUASTREAM_PROJECT'}`,
  })
}

function parse(text: string, name: string): Entry[] {
  const {data} = listed.safeParse(parseJson(text))
  if (data) return data
  throw new AquastreamError(
    'offsite-unreachable',
    `restic printed an unexpected list of snapshots of ${name}`,
    {
      hint: 'run restic version; versions 0.14 to 0.18 are supported',
    },
  )
}

/** Whoever has the password can write any tags: they are validated before use. */
const tagged = z.object({
  content: z.literal(CONTENT),
  set: z.string().refine(text => timeOf(text) !== undefined),
  bytes: z.string().regex(/^\d{1,15}$/),
  project: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,59}$/),
  profile: z.string().regex(/^[a-z]+$/),
  kind: z.enum(['backup', 'safety']),
  database: z.string().regex(/^[^\0]+$/),
})

function toSnapshot({id: snapshot, time, tags = []}: Entry): Snapshot | undefined {
  const pairs = parseTags(tags)
  const {data} = tagged.safeParse(Object.fromEntries(pairs))
  if (!data) return undefined
  return {
    snapshot,
    id: data.set,
    takenAt: timeOf(data.set)!,
    bytes: Number(data.bytes),
    project: data.project,
    profile: data.profile,
    kind: data.kind,
    pinned: tags.includes(PIN),
    database: data.database,
    schemas: pairs.filter(([name]) => name === 'schema').map(([, schema]) => schema),
    savedAt: Date.parse(time) || 0,
    tags: [...new Set(tags)]
      .filter(tag => tag !== PIN)
      .sort()
      .join(','),
  }
}
