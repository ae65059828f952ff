import type {Readable} from 'node:stream'

/**
 * Yields the lines of a stream, without their newlines. Only a newline ends a line; Node's readline also splits at a
 * carriage return, U+2028 and U+2029, which may be part of a log line or of a value.
 */
export async function* splitLines(input: Readable): AsyncGenerator<string> {
  input.setEncoding('utf8')
  let pieces: string[] = []
  for await (const chunk of input as AsyncIterable<string>) {
    const [first = '', ...others] = chunk.split('\n')
    pieces.push(first)
    const last = others.pop()
    if (last === undefined) continue
    yield pieces.join('')
    yield* others
    pieces = [last]
  }
  const rest = pieces.join('')
  if (rest !== '') yield rest
}
