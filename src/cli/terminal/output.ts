import {once} from 'node:events'

/** Shows each of a sequence: in the place of the one before, or below it. */
export async function showLive<T>(
  sequence: AsyncIterable<T>,
  render: (item: T) => string,
  {inPlace}: {inPlace: boolean},
): Promise<void> {
  for await (const item of sequence) {
    const text = render(item)
    // Home, the text with the rest of each line cleared, then the rest of the screen cleared: no flicker.
    process.stdout.write(inPlace ? `\x1b[H${text.replace(/\n/g, '\x1b[K\n')}\x1b[K\n\x1b[J` : `${text}\n`)
  }
}

/** Writes a line, and waits until the reader has room for the next. */
export async function writeLine(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
}
