import type {LogLine} from './engine.js'
import {isContinuation} from './records.js'

/**
 * Merges sources that are sorted by time into one, with one line of each source in memory. The lines of one record stay
 * together: its time is that of its first line.
 */
export async function* mergeByTime(sources: AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  const heads = new Map<AsyncGenerator<LogLine>, LogLine>()
  const advance = async (source: AsyncGenerator<LogLine>): Promise<void> => {
    const next = await source.next()
    if (next.done) heads.delete(source)
    else heads.set(source, next.value)
  }
  try {
    await Promise.all(sources.map(advance))
    while (heads.size > 0) {
      const [source, line] = [...heads].reduce((oldest, head) =>
        head[1].time < oldest[1].time ? head : oldest,
      )
      yield line
      await advance(source)
      for (let last = line, next; (next = heads.get(source)) && continues(line, last, next); last = next) {
        yield next
        await advance(source)
      }
    }
  } finally {
    await Promise.all(sources.map(source => source.return(undefined)))
  }
}

/** Within one record, lines are at most this many ms apart. */
const GAP_MS = 1000

function continues(head: LogLine, last: LogLine, next: LogLine): boolean {
  return isContinuation(head.text, next.text) && Date.parse(next.time) - Date.parse(last.time) <= GAP_MS
}
