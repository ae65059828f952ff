import {AquastreamError} from '../../errors.js'

/** What pg_dump writes: SQL, or an archive of its own that pg_restore reads. */
export const FORMATS = ['plain', 'custom'] as const

/** By what a plain archive is compressed; a custom one compresses its parts itself. */
export const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const

/** How the bytes of an archive become SQL; the names are those of restore.sh. */
export type Encoding = 'gzip' | 'zstd' | 'custom' | 'plain'

/** How archives are written. */
export interface ArchiveForm {
  format: (typeof FORMATS)[number]
  compression: (typeof COMPRESSIONS)[number]
  /** Of the compression; the tool's own default when absent. */
  level: number | undefined
}

/**
 * `gzip`, `gzip:6`, `zstd:3`, `none`.
 * @throws usage
 */
export function parseCompression(text: string): Pick<ArchiveForm, 'compression' | 'level'> {
  if (text === 'none') return {compression: 'none', level: undefined}
  const [, method, digits] = /^(gzip|zstd)(?::([1-9]\d?))?$/.exec(text) ?? []
  const level = digits === undefined ? undefined : Number(digits)
  if (method === 'gzip' && (level ?? 1) <= 9) return {compression: 'gzip', level}
  if (method === 'zstd' && (level ?? 1) <= 19) return {compression: 'zstd', level}
  throw new AquastreamError('usage', `--compression ${JSON.stringify(text)} is not known`, {
    hint: 'write gzip:1 to gzip:9, zstd:1 to zstd:19, or none',
  })
}

/** The end of an archive's name. */
export function suffixOf({format, compression}: ArchiveForm): string {
  if (format === 'custom') return '.dump'
  return {gzip: '.sql.gz', zstd: '.sql.zst', none: '.sql'}[compression]
}

/** As every pg_dump takes it: a number means gzip; zstd is known since 16. */
export function compressionArgument({compression, level}: ArchiveForm): string {
  if (compression === 'zstd') return level === undefined ? 'zstd' : `zstd:${level}`
  return compression === 'none' ? '0' : String(level ?? 1)
}

/** @throws tool-too-old */
export function requireCompression({compression}: ArchiveForm, pgDump: string): void {
  if (compression !== 'zstd' || Number.parseInt(pgDump, 10) >= 16) return
  throw new AquastreamError('tool-too-old', `pg_dump ${pgDump} knows no zstd`, {
    hint: 'leave --compression away, or use PostgreSQL 16 or newer',
  })
}

export function encodingOf({format, compression}: Pick<ArchiveForm, 'format' | 'compression'>): Encoding {
  if (format === 'custom') return 'custom'
  return compression === 'none' ? 'plain' : compression
}
