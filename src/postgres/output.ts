import {Transform, type TransformCallback} from 'node:stream'
import {text} from 'node:stream/consumers'
import type {Program} from '../engines/engine.js'
import {AquastreamError} from '../errors.js'

/** What infra/backup/*.sh print after everything else. */
const END_MARK = Buffer.from('aquastream-end\n')

/**
 * Passes on what a script prints, without the mark at its end. A connection that is cut looks like an end and
 * can look like success: only the mark proves that the output is whole.
 */
export class WholeOutput extends Transform {
  private tail: Buffer = Buffer.alloc(0)

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const all = this.tail.length > 0 ? Buffer.concat([this.tail, chunk]) : chunk
    const end = Math.max(all.length - END_MARK.length, 0)
    this.tail = all.subarray(end)
    done(null, end > 0 ? all.subarray(0, end) : undefined)
  }

  override _flush(done: TransformCallback): void {
    done(this.tail.equals(END_MARK) ? null : new Cut('the output ended too early'))
  }
}

/** The output of a program ended before it was whole; how the program ended says more. */
export class Cut extends Error {}

/**
 * All that a script prints; for what is small.
 * @throws database-unreachable: with the script's own words
 */
export async function readOutput(program: Program): Promise<string> {
  program.stdin.end()
  const output = program.stdout.pipe(new WholeOutput())
  const [printed, {exitCode, stderr}] = await Promise.all([
    text(output).catch(() => undefined),
    program.ended,
  ])
  if (exitCode === 0 && printed !== undefined) return printed
  throw new AquastreamError('database-unreachable', `the database could not be asked: ${causeIn(stderr)}`, {
    hint: 'see whether it runs: aquastream env:status',
    evidence: [{title: 'the script says', lines: stderr.split('\n').slice(-8)}],
  })
}

/** The line that says what went wrong: the first error of the server, else the last words. */
export function causeIn(stderr: string): string {
  const lines = stderr.split('\n').filter(line => line.trim() !== '')
  const error = lines.find(line => /\b(?:ERROR|FATAL|PANIC): /.test(line)) ?? lines.at(-1)
  return error?.replace(/^.*?\b(?:error|ERROR|FATAL|PANIC): +/, '') ?? 'the connection was cut'
}
