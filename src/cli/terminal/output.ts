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

/** Characters of a block: a file or a terminal takes one system call for each write. */
const BLOCK = 1 << 16

/** Writes lines to stdout, and waits if the reader is slower. Lines that come in one go are written together. */
export class LineWriter {
  #waiting = ''

  async write(line: string): Promise<void> {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
    if (this.#waiting === '') setImmediate(() => this.flush())
    this.#waiting += `${line}\n`
    if (this.#waiting.length >= BLOCK) this.flush()
  }

  /** Writes what is still waiting. */
  flush(): void {
    if (this.#waiting !== '') process.stdout.write(this.#waiting)
    this.#waiting = ''
  }
}
