import type {Readable} from 'node:stream'

/**
 * Yields the lines of a stream, without their newlines. Only a newline ends a line; Node's readline also splits at a
 * carriage return, U+2028 and U+2029, which may be part of a log line or of a value.
 */
export async function* splitLines(input: Readable): AsyncGenerator<string> {
  for await (const lines of splitIntoBatches(input)) yield* lines
}

/** Like splitLines, but yields all lines of a chunk of the stream at once, which takes less time per line. */
export async function* splitIntoBatches(input: Readable): AsyncGenerator<string[]> {
  input.setEncoding('utf8')
  let pieces: string[] = []
  for await (const chunk of input as AsyncIterable<string>) {
    const lines = chunk.split('\n')
    const last = lines.pop()!
    if (lines.length === 0) {
      pieces.push(last)
      continue
    }
    lines[0] = pieces.join('') + lines[0]!
    pieces = [last]
    yield lines
  }
  const rest = pieces.join('')
  if (rest !== '') yield [rest]
}
