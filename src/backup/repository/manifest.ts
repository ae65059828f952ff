import * as z from '../../system/zod.js'
import {COMPRESSIONS, FORMATS} from '../archive/format.js'

/** `20261123T020000Z`: the second, in UTC, of the snapshot that all archives of a set show. */
export const SET_ID = /^\d{8}T\d{6}Z$/

const bytes = z.int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** A file of the set itself: a name from outside never leads anywhere else. */
const file = z
  .string()
  .regex(/^[^/\0]+$/)
  .refine(name => name !== '.' && name !== '..')
/** PostgreSQL has no other names. */
const name = z.string().regex(/^[^\0]+$/)
const extension = z.object({name, version: z.string(), schema: name})

const archive = z.object({
  schema: name,
  file,
  format: z.enum(FORMATS),
  compression: z.enum(COMPRESSIONS),
  bytes,
  sha256,
  /** Rows of each table as the snapshot shows them, without those of partitions and children. */
  tables: z.array(z.object({name, rows: bytes})),
  /** Those that live in the schema, and so in its archive. */
  extensions: z.array(extension),
  /** Of public alone: that it may not be used by everybody, which a dump does not always tell. */
  closed: z.boolean().optional(),
  /** What the schema's objects need in other schemas. */
  links: z.array(z.object({kind: z.string(), name: z.string(), schema: z.string()})),
})

/** `manifest.json` of a set, in version 1 of the format. infra/backup/backup.sh writes the same. */
export const manifestSchema = z.object({
  format: z.literal(1),
  id: z.string().regex(SET_ID),
  /** `safety`: made by a restore, of what it was about to replace; never what "latest" means. */
  kind: z.enum(['backup', 'safety']),
  label: z.string().optional(),
  server: z.object({version: z.string(), database: z.string()}),
  tools: z.object({aquastream: z.string(), pgDump: z.string()}),
  archives: z.array(archive).min(1),
  /** Those that live outside the schemas: they must exist before a restore into a new database. */
  extensions: z.array(extension),
  globals: z.object({file, bytes, sha256}),
})

export type Manifest = z.infer<typeof manifestSchema>
export type Archive = Manifest['archives'][number]

/** Rows of all tables in these archives. */
export function rowsIn(archives: readonly Pick<Archive, 'tables'>[]): number {
  return archives.flatMap(({tables}) => tables).reduce((sum, {rows}) => sum + rows, 0)
}

/** Written last; checkable with `sha256sum -c`; a set that has it is complete. */
export const CHECKSUMS = 'SHA256SUMS'
export const MANIFEST = 'manifest.json'
/** An empty file beside the archives: rotation leaves the set alone. */
export const PINNED = 'PINNED'
