import {createReadStream, openSync, type ReadStream} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {dirname} from 'node:path'
import {errnoOf} from '../../system/files/file-errors.js'
import {splitIntoBatches} from '../../system/text/split-lines.js'
import type {LogLine, LogQuery} from '../engine.js'
import {mergeByTime} from '../merge.js'
import {toTime} from '../since.js'
import {followLines} from './client.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'
import {filesOfLog} from './supervisor/log-file.js'

/** Reads the log lines of the requested services in chronological order, and then, with `follow`, new lines. */
export async function* readLogs(
  stackDirectory: StackDirectory,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const reader = new LogReader(stackDirectory, query)
  for (let {tail} = query; ; tail = undefined) {
    // Before the files are opened, so that no line is missed in between.
    const coming = query.follow ? await followLines(stackDirectory, signal) : undefined
    for await (const line of reader.stored(tail)) {
      signal.throwIfAborted()
      yield line
    }
    if (!coming) return
    for await (const line of coming) if (reader.accepts(line)) yield line
    // Lines that the supervisor could not send are in the files.
  }
}

/** Reads each line once, although it can be in a file, come from the supervisor, or both. */
class LogReader {
  /** The time of the last line of each service that was read. Times of one service are unique, and ascend. */
  readonly #last = new Map<string, string>()
  readonly #since: string
  /** Whether the files have been read before. */
  #isResumed = false

  constructor(
    private readonly stackDirectory: StackDirectory,
    private readonly query: LogQuery,
  ) {
    this.#since = query.since === undefined ? '' : toTime(query.since)
  }

  /** Yields the lines in the files that were not read yet, of each service at most the last `tail`. */
  async *stored(tail: number | undefined): AsyncGenerator<LogLine> {
    const services = await servicesWithLogs(this.stackDirectory, this.query.services)
    yield* mergeByTime(services.map(service => tailOf(this.#linesOf(service), tail)))
    this.#isResumed = true
  }

  /** Returns whether a line is wanted and was not read yet. From then on it counts as read. */
  accepts({service, time}: LogLine): boolean {
    const {services} = this.query
    if (services.length > 0 && !services.includes(service)) return false
    if (time <= (this.#last.get(service) ?? '')) return false
    this.#last.set(service, time)
    return time >= this.#since
  }

  /** Yields the lines of one service, and before them a remark if lines since the last one may have been deleted. */
  async *#linesOf(service: string): AsyncGenerator<LogLine[]> {
    const path = this.stackDirectory.log(service)
    const files = openFiles(path)
    // If no line is known, rotation has deleted none as long as a file is left to use.
    const isFull = files.length === filesOfLog(path).length
    const last = this.#last.get(service)
    let isStart = this.#isResumed
    try {
      for (const file of files) {
        for await (const texts of splitIntoBatches(file)) {
          const lines = texts.flatMap(text => parse(service, text) ?? [])
          const [first] = lines
          if (isStart && first) {
            isStart = false
            if (last === undefined ? isFull : first.time > last) yield [{...first, text: GAP}]
          }
          yield lines.filter(line => this.accepts(line))
        }
      }
    } finally {
      for (const file of files) file.destroy()
    }
  }
}

const GAP =
  'aquastream: lines may be missing here, because this log was rotated or replaced before they were read'

/**
 * Opens the files of a log, and returns them with the oldest first. All are opened before one is read, the newest first:
 * if the log is rotated meanwhile, a file is opened twice instead of never.
 */
function openFiles(path: string): ReadStream[] {
  const newestFirst = filesOfLog(path).flatMap(file => {
    try {
      return [createReadStream(file, {fd: openSync(file, 'r')})]
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      return []
    }
  })
  return newestFirst.reverse()
}

/** Parses `TIME TEXT`. */
function parse(service: string, line: string): LogLine | undefined {
  const [, time, text] = /^(\d{4}-\d\d-\d\dT\S+Z) (.*)$/s.exec(line) ?? []
  return time === undefined ? undefined : {service, time, text: text ?? ''}
}

/** The log of the supervisor is excluded: it is empty unless the supervisor has a bug. */
async function servicesWithLogs(stackDirectory: StackDirectory, wanted: string[]): Promise<string[]> {
  const names = await readdir(dirname(stackDirectory.log(''))).catch(() => [])
  const all = names.flatMap(name => (name.endsWith('.log') ? [name.slice(0, -'.log'.length)] : []))
  return all.filter(name => name !== 'supervisor' && (wanted.length === 0 || wanted.includes(name)))
}

/** Yields the last `tail` lines; all lines if it is undefined. */
async function* tailOf(
  batches: AsyncGenerator<LogLine[]>,
  tail: number | undefined,
): AsyncGenerator<LogLine[]> {
  if (tail === undefined) {
    yield* batches
    return
  }
  let kept: LogLine[] = []
  for await (const lines of batches) {
    for (const line of lines) kept.push(line)
    // Not at every batch, because removing the first elements moves all others.
    if (kept.length > 2 * tail + 100) kept = lastOf(kept, tail)
  }
  yield lastOf(kept, tail)
}

function lastOf<T>(list: T[], count: number): T[] {
  return count === 0 ? [] : list.slice(-count)
}
