import {AquastreamError} from '../../errors.js'
import {quoteTyped} from '../../system/text/typed.js'

/**
 * Output formats of pg_dump: SQL, or its own format, which pg_restore reads.
 * https://www.postgresql.org/docs/current/app-pgdump.html, --format
 */
export const FORMATS = ['plain', 'custom'] as const

/** Compression methods. A plain archive is compressed as a whole; in a custom archive, each part is compressed. */
export const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const

/** The encoding of an archive, which determines how it is converted to SQL. restore.sh uses the same names. */
export type Encoding = 'gzip' | 'zstd' | 'custom' | 'plain'

/** The format and compression of new archives. */
export interface ArchiveForm {
  format: (typeof FORMATS)[number]
  compression: (typeof COMPRESSIONS)[number]
  /** Compression level; undefined means the default. */
  level: number | undefined
}

/**
 * Parses the value of `--compression`, such as `gzip`, `gzip:6`, `zstd:3` or `none`.
 * @throws usage
 */
export function parseCompression(text: string): Pick<ArchiveForm, 'compression' | 'level'> {
  if (text === 'none') return {compression: 'none', level: undefined}
  const [, method, digits] = /^(gzip|zstd)(?::([1-9]\d?))?$/.exec(text) ?? []
  const level = digits === undefined ? undefined : Number(digits)
  if (method === 'gzip' && (level ?? 1) <= 9) return {compression: 'gzip', level}
  if (method === 'zstd' && (level ?? 1) <= 19) return {compression: 'zstd', level}
  throw new AquastreamError('usage', `--compression ${quoteTyped(text)} is not supported`, {
    hint: 'use gzip, gzip:1 to gzip:9, zstd:1 to zstd:19, or none',
  })
}

/** Returns the suffix of the name of an archive. */
export function suffixOf({format, compression}: ArchiveForm): string {
  if (format === 'custom') return '.dump'
  return {gzip: '.sql.gz', zstd: '.sql.zst', none: '.sql'}[compression]
}

/** Returns whether a faster program than pg_dump may do the compression, if there is one. */
export function mayUseCompressor({format, compression, level}: ArchiveForm): boolean {
  return format === 'plain' && compression === 'gzip' && level === undefined
}

/**
 * Returns the argument COMPRESSION of `dump` in backup.sh: the value of pg_dump's --compress, or igzip. A number, which means
 * gzip, works in all versions; zstd needs version 16.
 * @param compressor the program that compresses instead of pg_dump, if there is one
 */
export function compressionArgument({compression, level}: ArchiveForm, compressor?: string): string {
  if (compressor !== undefined) return 'igzip'
  if (compression === 'zstd') return level === undefined ? 'zstd' : `zstd:${level}`
  return compression === 'none' ? '0' : String(level ?? 1)
}

/**
 * Checks that this version of pg_dump supports the compression.
 * @param pgDump a version, such as 16.14
 * @throws tool-too-old
 */
export function requireCompression({compression}: ArchiveForm, pgDump: string): void {
  if (compression !== 'zstd' || Number.parseInt(pgDump, 10) >= 16) return
  throw new AquastreamError('tool-too-old', `pg_dump ${pgDump} does not support zstd`, {
    hint: 'remove --compression, or use the client tools of PostgreSQL 16 or newer',
  })
}

/** Returns the encoding of an archive with this format and compression. */
export function encodingOf({format, compression}: Pick<ArchiveForm, 'format' | 'compression'>): Encoding {
  if (format === 'custom') return 'custom'
  return compression === 'none' ? 'plain' : compression
}
