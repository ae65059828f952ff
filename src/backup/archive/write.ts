import {createHash} from 'node:crypto'
import {createWriteStream} from 'node:fs'
import {Transform, type TransformCallback} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {AquastreamError} from '../../errors.js'
import {Cut, causeIn, WholeOutput} from '../../postgres/output.js'
import {flush} from '../../system/files/disk.js'
import type {Program} from '../../system/program.js'
import {lastLines} from '../../system/text/last-lines.js'

export interface Written {
  bytes: number
  sha256: string
}

/**
 * Writes what a dump prints into a new private file, and flushes it to the disk.
 * @param what for the error: "user", "the roles"
 * @throws backup-failed; errno when the file cannot be written
 */
export async function writeArchive(
  program: Program,
  path: string,
  {what, onBytes, signal}: {what: string; onBytes: (bytes: number) => void; signal: AbortSignal},
): Promise<Written> {
  const meter = new Meter(onBytes)
  try {
    await pipeline(
      program.stdout,
      new WholeOutput(),
      meter,
      createWriteStream(path, {flags: 'wx', mode: 0o600}),
      {
        signal,
      },
    )
    const {exitCode, stderr} = await program.ended
    if (exitCode !== 0) throw dumpFailed(what, stderr)
    await flush(path)
    return meter.result()
  } catch (error) {
    program.kill()
    signal.throwIfAborted()
    if (error instanceof Cut) throw dumpFailed(what, (await program.ended).stderr)
    throw error
  }
}

/** So often progress is told, in ms: whoever shows it takes longer for that than the bytes take to pass. */
const TOLD_EVERY = 100

class Meter extends Transform {
  private bytes = 0
  private told = 0
  private readonly hash = createHash('sha256')

  constructor(private readonly onBytes: (bytes: number) => void) {
    super()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length
    this.hash.update(chunk)
    if (performance.now() - this.told >= TOLD_EVERY) {
      this.onBytes(this.bytes)
      this.told = performance.now()
    }
    done(null, chunk)
  }

  result(): Written {
    return {bytes: this.bytes, sha256: this.hash.digest('hex')}
  }
}

function dumpFailed(what: string, stderr: string): AquastreamError {
  return new AquastreamError('backup-failed', `${what} could not be dumped: ${causeIn(stderr)}`, {
    hint: hintFor(stderr),
    evidence: [{title: 'pg_dump says', lines: lastLines(stderr, 8)}],
  })
}

function hintFor(stderr: string): string {
  if (/lock timeout|canceling statement due to lock/i.test(stderr))
    return 'something holds a table for more than a minute; find it with SELECT * FROM pg_stat_activity, then run this again'
  if (/permission denied|row-level security/i.test(stderr))
    return 'use a user that may read every table: the owner, or a superuser'
  // Of each build of pg_dump its own: https://www.postgresql.org/docs/current/app-pgdump.html, --compress
  // It writes ZSTD, and people type zstd.
  const method = /does not support compression with (\w+)/i.exec(stderr)?.[1]?.toLowerCase()
  if (method !== undefined)
    return `this pg_dump was built without ${method}: choose ${method === 'gzip' ? '--compression none' : '--compression gzip'}`
  return 'mend what pg_dump says, then run the same command again; earlier backups are as they were'
}
