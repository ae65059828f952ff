import {createHash} from 'node:crypto'
import {createWriteStream} from 'node:fs'
import {Transform, type TransformCallback} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {IncompleteOutputError, WholeOutput} from '../../postgres/output.js'
import type {Program} from '../../system/program.js'

/** The size and checksum of an archive that was written. */
export interface Written {
  bytes: number
  sha256: string
}

/**
 * Writes the output of a dump into a new file, readable only by its owner. The caller flushes it to disk.
 * @param what the subject of the error message, such as "user" or "the roles"
 * @throws DumpFailed; an errno error when the file cannot be written
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
    if (exitCode !== 0) throw new DumpFailed(what, stderr)
    return meter.result()
  } catch (error) {
    program.kill()
    signal.throwIfAborted()
    if (error instanceof IncompleteOutputError) throw new DumpFailed(what, (await program.ended).stderr)
    throw error
  }
}

/** Minimum milliseconds between progress events: rendering each chunk would take longer than writing it. */
const EMIT_EVERY_MS = 100

class Meter extends Transform {
  private bytes = 0
  private emitted = 0
  private readonly hash = createHash('sha256')

  constructor(private readonly onBytes: (bytes: number) => void) {
    super()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length
    this.hash.update(chunk)
    if (performance.now() - this.emitted >= EMIT_EVERY_MS) {
      this.onBytes(this.bytes)
      this.emitted = performance.now()
    }
    done(null, chunk)
  }

  result(): Written {
    return {bytes: this.bytes, sha256: this.hash.digest('hex')}
  }
}

/** A dump program exited with an error, or its output is incomplete. */
export class DumpFailed extends Error {
  constructor(
    readonly what: string,
    readonly stderr: string,
  ) {
    super(`${what} could not be dumped`)
    this.name = 'DumpFailed'
  }
}
