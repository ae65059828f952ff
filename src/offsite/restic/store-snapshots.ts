import {timeOf} from '../../backup/repository/backup-set.js'
import * as z from '../../system/zod.js'
import {parseTags, tagText} from './tags.js'

/** The data of MinIO and of Redis: what a stack stores beside its databases. */
export const STORES = ['media', 'redis'] as const

/** A store that has snapshots of its own. */
export type Store = (typeof STORES)[number]

/** What the new snapshot of a store is described by. */
export interface StoreTags {
  store: Store
  /** ID of the backup that it belongs to: it was taken after this one, and lives as long. */
  set: string
  project: string
  profile: string
}

/** The snapshot of a store in the off-site repository. */
export interface StoreSnapshot extends StoreTags {
  /** The ID that restic gave it: 64 hexadecimal digits. */
  snapshot: string
  /** When restic made it, in milliseconds since 1970. */
  savedAt: number
}

/** Returns the tags of the new snapshot of a store. */
export function storeTagsOf({store, set, project, profile}: StoreTags): string {
  return tagText(Object.entries({content: store, set, project, profile}))
}

/** Whoever has the password can write any tags: they are validated before use. */
const tagged = z.object({
  content: z.enum(STORES),
  set: z.string().refine(text => timeOf(text) !== undefined),
  project: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,59}$/),
  profile: z.string().regex(/^[a-z]+$/),
})

/** Returns the snapshot of a store; undefined if its tags are not those of one. */
export function toStoreSnapshot(entry: {
  id: string
  time: string
  tags?: string[] | undefined
}): StoreSnapshot | undefined {
  const {data} = tagged.safeParse(Object.fromEntries(parseTags(entry.tags ?? [])))
  if (!data) return undefined
  const {content: store, ...owner} = data
  return {snapshot: entry.id, store, ...owner, savedAt: Date.parse(entry.time) || 0}
}
