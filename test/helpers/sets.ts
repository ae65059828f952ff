import {createHash} from 'node:crypto'
import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {SERVICES} from '../../src/stack/catalogue.js'

/** The properties of a backup on disk; everything else is as `db:backup` writes it. */
export interface SetOptions {
  schemas?: string[]
  kind?: 'backup' | 'safety'
  label?: string
  pinned?: boolean
  /** Omit SHA256SUMS, as if the backup had not been completed. */
  partial?: boolean
  /** Bytes at the end of the archive of the globals, so that copying the backup takes a moment. */
  filler?: Buffer
  /** Changes the manifest before it is written; the checksums match the change. */
  manifest?: (manifest: SetManifest) => unknown
}

type SetManifest = ReturnType<typeof manifestOf>

/** The schemas of the catalogue. */
export const SCHEMAS = SERVICES.flatMap(({schema}) => schema ?? [])

/**
 * Writes a backup: gzip archives with the first and last lines of a dump, a manifest and checksums.
 * @returns its path
 */
export async function writeSet(root: string, id: string, options: SetOptions = {}): Promise<string> {
  const path = join(root, id)
  await mkdir(path, {recursive: true, mode: 0o700})
  const {schemas = SCHEMAS} = options
  const archives = schemas.map(schema => ({schema, ...fileOf(`${schema}_${id}.sql.gz`, dumpOf(schema))}))
  const filler = options.filler ?? Buffer.alloc(0)
  const globals = fileOf(`globals_${id}.sql.gz`, Buffer.concat([dumpOf('globals'), filler]))
  const manifest = manifestOf(id, archives, globals, options)
  const json = fileOf(
    'manifest.json',
    `${JSON.stringify(options.manifest?.(manifest) ?? manifest, null, 2)}\n`,
  )
  const files = [...archives, globals, json]
  const sums = files.map(({file, sha256}) => `${sha256}  ${file}\n`).join('')
  const marks = [
    ...(options.partial ? [] : [fileOf('SHA256SUMS', sums)]),
    ...(options.pinned ? [fileOf('PINNED', '')] : []),
  ]
  for (const {file, content} of [...files, ...marks])
    await writeFile(join(path, file), content, {mode: 0o600})
  return path
}

/** Returns the ID of a backup that was taken this number of hours ago. */
export function idAgo(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString().replace(/[-:]|\.\d+/g, '')
}

interface SetFile {
  file: string
  content: Buffer | string
  bytes: number
  sha256: string
}

function fileOf(file: string, content: Buffer | string): SetFile {
  const bytes = Buffer.byteLength(content)
  return {file, content, bytes, sha256: createHash('sha256').update(content).digest('hex')}
}

function dumpOf(name: string): Buffer {
  return gzipSync(
    `--\n-- PostgreSQL database dump\n--\n\n-- ${name}\n\n--\n-- PostgreSQL database dump complete\n--\n\n`,
  )
}

function manifestOf(
  id: string,
  archives: (SetFile & {schema: string})[],
  {file, bytes, sha256}: SetFile,
  {kind = 'backup', label}: SetOptions,
) {
  return {
    format: 1,
    id,
    kind,
    ...(label !== undefined && {label}),
    server: {version: '16.4', database: 'aquastream'},
    tools: {aquastream: '0.1.0', pgDump: '16.4'},
    archives: archives.map(({schema, file, bytes, sha256}) => ({
      schema,
      file,
      format: 'plain',
      compression: 'gzip',
      bytes,
      sha256,
      tables: [{name: 'things', rows: 1000}],
      extensions: [],
      links: [],
    })),
    extensions: [],
    globals: {file, bytes, sha256},
  }
}
