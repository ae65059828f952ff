import {hash} from 'node:crypto'
import {closeSync, constants, lstatSync, openSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {errnoOf} from '../../system/files/file-errors.js'
import {decodeUri} from '../../system/text/decode-uri.js'
import {parseJson} from '../../system/text/parse-json.js'
import type {BackupSet} from './backup-set.js'
import {CHECKSUMS, entriesOf, MANIFEST, type Manifest, manifestSchema, PINNED} from './manifest.js'

type Findings = Pick<BackupSet, 'state' | 'reason' | 'pinned' | 'manifest' | 'schemas' | 'bytes'>

/** Bytes of each regular file of a directory; other entries are ignored. */
type Sizes = Map<string, number>

/** Maximum bytes of a manifest or a list of checksums. Those of a hundred thousand tables are smaller. */
const LIMIT = 16 * 1024 * 1024

/**
 * Inspects a backup without reading its archives; returns undefined when the directory does not exist. The calls are
 * synchronous, because asynchronous ones take four times the CPU time, which counts with thousands of backups.
 */
export function inspect(path: string, id: string): Findings | undefined {
  const found: Findings = {state: 'complete', pinned: false, manifest: undefined, schemas: [], bytes: 0}
  let names: string[] = []
  try {
    names = readdirSync(path)
    const sizes = measure(path, names)
    found.pinned = names.includes(PINNED)
    for (const size of sizes.values()) found.bytes += size
    found.manifest = readManifest(path, id, sizes)
    found.schemas = found.manifest.archives.map(({schema}) => schema)
    compare(found.manifest, sizes)
    return found
  } catch (error) {
    if (!found.manifest) found.schemas = schemasIn(names, id)
    if (error instanceof BackupDefect) return {...found, state: error.state, reason: error.message}
    const code = errnoOf(error)
    if (code === 'ENOENT') return undefined
    if (code) return {...found, state: 'damaged', reason: `it cannot be read: ${code}`}
    throw error
  }
}

/** The reason why a backup is not complete. */
class BackupDefect extends Error {
  constructor(
    message: string,
    readonly state: 'partial' | 'damaged' = 'damaged',
  ) {
    super(message)
  }
}

function measure(path: string, names: string[]): Sizes {
  const sizes: Sizes = new Map()
  for (const name of names) {
    const stat = lstatSync(`${path}/${name}`)
    if (stat.isFile()) sizes.set(name, stat.size)
  }
  return sizes
}

function readManifest(path: string, id: string, sizes: Sizes): Manifest {
  if (!sizes.has(CHECKSUMS))
    throw new BackupDefect(`${CHECKSUMS} is missing, so the backup was not completed`, 'partial')
  const sums = parseChecksums(read(path, CHECKSUMS, sizes))
  const content = read(path, MANIFEST, sizes)
  if (sums.get(MANIFEST) !== hash('sha256', content))
    throw new BackupDefect(`the checksum of ${MANIFEST} does not match ${CHECKSUMS}`)
  const {data: manifest} = manifestSchema.safeParse(parseJson(content.toString('utf8')))
  if (!manifest) throw new BackupDefect(`${MANIFEST} is malformed`)
  if (manifest.id !== id) throw new BackupDefect(`${MANIFEST} belongs to backup ${manifest.id}`)
  for (const {file, sha256} of entriesOf(manifest)) {
    if (sums.get(file) !== sha256)
      throw new BackupDefect(`${CHECKSUMS} and ${MANIFEST} list different checksums for ${file}`)
  }
  return manifest
}

/** Checks that every file in the manifest exists with its size, and that no schema or file is listed twice. */
function compare(manifest: Manifest, sizes: Sizes): void {
  const entries = entriesOf(manifest)
  const files = entries.map(({file}) => file)
  const twice = repeated(manifest.archives.map(({schema}) => schema)) ?? repeated(files)
  if (twice !== undefined) throw new BackupDefect(`${MANIFEST} lists ${twice} twice`)
  for (const {file, bytes} of entries) {
    const size = sizes.get(file)
    if (size === undefined) throw new BackupDefect(`${file} is missing`)
    if (size !== bytes) throw new BackupDefect(`${file} has ${size} bytes instead of ${bytes}`)
  }
}

function read(path: string, name: string, sizes: Sizes): Buffer {
  const size = sizes.get(name)
  if (size === undefined) throw new BackupDefect(`${name} is missing`)
  if (size > LIMIT) throw new BackupDefect(`${name} is too large (${size} bytes)`)
  // A pipe that takes the place of the file now would be waited for.
  const file = openSync(join(path, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Parses the output of sha256sum: two spaces, or a space and an asterisk, precede the name; a backslash at the
 * start of the line means that the name contains escapes.
 * https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html
 */
function parseChecksums(content: Buffer): Map<string, string> {
  const lines = content.toString('utf8').split('\n')
  if (lines.pop() !== '' || lines.length === 0) throw new BackupDefect(`${CHECKSUMS} is truncated`)
  return new Map(
    lines.map(line => {
      const [, escaped, sum = '', name = ''] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
      if (!sum) throw new BackupDefect(`${CHECKSUMS} is malformed`)
      return [escaped ? name.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : String(char))) : name, sum]
    }),
  )
}

function repeated(names: string[]): string | undefined {
  const seen = new Set<string>()
  return names.find(name => seen.size === seen.add(name).size)
}

/**
 * Finds schemas by the names of archives: `user_20261123T020000Z.sql.gz` contains user. `archiveName` is the
 * inverse.
 */
function schemasIn(names: string[], id: string): string[] {
  const stems = names.flatMap(name => name.split(`_${id}.`, 2).slice(0, -1))
  return [...new Set(stems.filter(stem => stem !== 'globals').map(decodeUri))].sort()
}
