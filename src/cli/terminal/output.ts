import {once} from 'node:events'

/** Shows each item of a sequence: in place of the previous one, or below it. */
export async function showLive<T>(
  sequence: AsyncIterable<T>,
  render: (item: T) => string,
  {inPlace}: {inPlace: boolean},
): Promise<void> {
  for await (const item of sequence) {
    const text = render(item)
    // Moves the cursor home and clears the rest of each line and of the screen, which does not flicker.
    process.stdout.write(inPlace ? `\x1b[H${text.replace(/\n/g, '\x1b[K\n')}\x1b[K\n\x1b[J` : `${text}\n`)
  }
}

/** Writes a line to stdout, and waits if the reader is slower. */
export async function writeLine(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
}
