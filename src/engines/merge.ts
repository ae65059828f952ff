import type {LogLine} from './engine.js'

/** Merges sources that are sorted by time into one, with one line of each source in memory. */
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
    }
  } finally {
    await Promise.all(sources.map(source => source.return(undefined)))
  }
}
