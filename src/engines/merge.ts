import type {LogLine} from './engine.js'
import {isContinuation} from './records.js'

/**
 * Merges sources that are sorted by time into one, with one batch of lines of each source in memory. The lines of one record
 * stay together: its time is that of its first line.
 */
export async function* mergeByTime(sources: AsyncGenerator<LogLine[]>[]): AsyncGenerator<LogLine> {
  const readers = sources.map(source => new Reader(source))
  try {
    await Promise.all(readers.map(reader => reader.load()))
    let reader: Reader | undefined
    while ((reader = oldest(readers))) {
      const line = reader.head!
      let last: LogLine
      do {
        last = reader.head!
        yield last
        if (!reader.advance()) await reader.load()
      } while (reader.head && continues(line, last, reader.head))
    }
  } finally {
    await Promise.all(sources.map(source => source.return(undefined)))
  }
}

function oldest(readers: Reader[]): Reader | undefined {
  let found: Reader | undefined
  for (const reader of readers)
    if (reader.head && (!found?.head || reader.head.time < found.head.time)) found = reader
  return found
}

/** Reads one source line by line. Most lines are already in memory, and nothing is awaited for them. */
class Reader {
  /** The next line; undefined at the end. */
  head: LogLine | undefined
  #batch: LogLine[] = []
  #index = 0

  constructor(private readonly source: AsyncGenerator<LogLine[]>) {}

  /** Goes to the next line; returns false if it has to be loaded. */
  advance(): boolean {
    this.head = this.#batch[++this.#index]
    return this.head !== undefined
  }

  async load(): Promise<void> {
    do {
      const next = await this.source.next()
      if (next.done) return
      this.#batch = next.value
    } while (this.#batch.length === 0)
    this.#index = 0
    this.head = this.#batch[0]
  }
}

/** Within one record, lines are at most this many ms apart. */
const GAP_MS = 1000

function continues(head: LogLine, last: LogLine, next: LogLine): boolean {
  return isContinuation(head.text, next.text) && Date.parse(next.time) - Date.parse(last.time) <= GAP_MS
}
