import * as z from '../../system/zod.js'
import {COMPRESSIONS, FORMATS} from '../archive/format.js'

/** The ID of a backup: the time of its snapshot in UTC, to the second, such as `20261123T020000Z`. */
export const SET_ID = /^\d{8}T\d{6}Z$/

const bytes = z.int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** A file name without a directory: a manifest from elsewhere cannot refer to a file outside of its backup. */
const file = z
  .string()
  .regex(/^[^/\0]+$/)
  .refine(name => name !== '.' && name !== '..')
/** Any name that PostgreSQL allows. */
const name = z.string().regex(/^[^\0]+$/)
const extension = z.object({name, version: z.string(), schema: name})

const archive = z.object({
  schema: name,
  file,
  format: z.enum(FORMATS),
  compression: z.enum(COMPRESSIONS),
  bytes,
  sha256,
  /** Rows of each table in the snapshot, without those of its partitions and child tables. */
  tables: z.array(z.object({name, rows: bytes})),
  /** Extensions that are installed in the schema, and so are part of its archive. */
  extensions: z.array(extension),
  /** Only for the schema public: the role PUBLIC has no USAGE privilege, which a dump does not always record. */
  publicUsageRevoked: z.boolean().optional(),
  /** Objects in other schemas that this schema depends on. */
  links: z.array(z.object({kind: z.string(), name: z.string(), schema: z.string()})),
})

/** Version 1 of `manifest.json`. infra/backup/backup.sh writes the same format. */
export const manifestSchema = z.object({
  format: z.literal(1),
  id: z.string().regex(SET_ID),
  /** `safety`: taken by a restore before it replaced these schemas; never selected as `latest`. */
  kind: z.enum(['backup', 'safety']),
  label: z.string().optional(),
  server: z.object({version: z.string(), database: z.string()}),
  tools: z.object({
    aquastream: z.string(),
    pgDump: z.string(),
    /** The program that compressed the archives, such as `igzip 2.30.0`, if it was not pg_dump. */
    compressor: z.string().optional(),
  }),
  archives: z.array(archive).min(1),
  /** Extensions that are installed in other schemas: they must exist before a restore into a new database. */
  extensions: z.array(extension),
  globals: z.object({file, bytes, sha256}),
})

/** The content of `manifest.json`. */
export type Manifest = z.infer<typeof manifestSchema>
/** The entry of one archive in the manifest. */
export type Archive = Manifest['archives'][number]

/** Returns the entries of all files that a manifest describes. */
export function entriesOf({archives, globals}: Manifest): Manifest['globals'][] {
  return [...archives, globals]
}

/** Returns the number of rows in all tables of these archives. */
export function rowsIn(archives: readonly Pick<Archive, 'tables'>[]): number {
  let sum = 0
  for (const {tables} of archives) for (const {rows} of tables) sum += rows
  return sum
}

/** The list of checksums, which `sha256sum -c` reads. A backup without it is not complete. */
export const CHECKSUMS = 'SHA256SUMS'
/** The description of a backup. */
export const MANIFEST = 'manifest.json'
/** An empty file that marks a backup as pinned: rotation does not delete it. */
export const PINNED = 'PINNED'
