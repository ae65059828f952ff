import {Transform, type TransformCallback} from 'node:stream'
import {text} from 'node:stream/consumers'
import {AquastreamError} from '../errors.js'
import type {Program} from '../system/program.js'
import {causeIn, evidenceLines, findSqlError, isConnectionFailure} from './failures.js'

/** The last line of the output of infra/backup/*.sh. */
const END_MARK = Buffer.from('aquastream-end\n')

/** Bytes of a block: a pipe delivers a few KB at a time, and every chunk costs the following stages one write. */
const BLOCK = 1 << 18

/**
 * Passes on the output of a script without the mark at its end. A lost connection looks like the end of the output,
 * and can look like success; only the mark shows that the output is complete. The stream fails with
 * `IncompleteOutputError` when the mark is missing.
 */
export class WholeOutput extends Transform {
  private held: Buffer[] = []
  private bytes = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.held.push(chunk)
    this.bytes += chunk.length
    if (this.bytes < BLOCK) {
      done()
      return
    }
    const {rest, tail} = this.cut()
    this.held = [Buffer.from(tail)]
    this.bytes = tail.length
    done(null, rest)
  }

  override _flush(done: TransformCallback): void {
    const {rest, tail} = this.cut()
    if (rest.length > 0) this.push(rest)
    done(tail.equals(END_MARK) ? null : new IncompleteOutputError('the output is incomplete'))
  }

  /** Splits off the last bytes, which can be the mark or a part of it. */
  private cut(): {rest: Buffer; tail: Buffer} {
    const all = Buffer.concat(this.held)
    const end = Math.max(all.length - END_MARK.length, 0)
    return {rest: all.subarray(0, end), tail: all.subarray(end)}
  }
}

/** The output of a program is incomplete. Its exit status and stderr show why. */
export class IncompleteOutputError extends Error {}

/**
 * Reads the whole output of a script into memory.
 * @throws SqlError: the server refused a statement; database-unreachable, with the end of stderr as evidence: the script
 *   failed for another reason, or its output is incomplete
 */
export async function readOutput(program: Program): Promise<string> {
  program.stdin.end()
  const output = program.stdout.pipe(new WholeOutput())
  const [printed, {exitCode, stderr}] = await Promise.all([
    text(output).catch(() => undefined),
    program.ended,
  ])
  if (exitCode === 0 && printed !== undefined) return printed
  const error = findSqlError({exitCode, stderr})
  if (error && !isConnectionFailure(error)) throw error
  throw new AquastreamError('database-unreachable', `the database could not be queried: ${causeIn(stderr)}`, {
    hint: 'check whether it is running: aquastream env:status',
    evidence: [{title: 'output of the script', lines: evidenceLines(stderr)}],
  })
}
