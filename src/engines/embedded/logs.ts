import {createReadStream} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {dirname} from 'node:path'
import {errnoOf} from '../../system/files/file-errors.js'
import {splitIntoBatches} from '../../system/text/split-lines.js'
import type {LogLine, LogQuery} from '../engine.js'
import {mergeByTime} from '../merge.js'
import {toTime} from '../since.js'
import {followLines, isListening} from './client.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'

/** Reads the log lines of the requested services in chronological order, and then, with `follow`, new lines. */
export async function* readLogs(
  stackDirectory: StackDirectory,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const services = await servicesWithLogs(stackDirectory, query.services)
  const since = query.since === undefined ? '' : toTime(query.since)
  // Subscribe before the files are read, so that no line is missed in between.
  const coming =
    query.follow && (await isListening(stackDirectory)) ? followLines(stackDirectory, signal) : undefined
  const first = coming?.next()
  // It may reject while the files are read; it is awaited afterwards.
  first?.catch(() => undefined)
  let last = ''
  for await (const line of mergeByTime(
    services.map(service => tailOf(linesOf(stackDirectory, service, since), query.tail)),
  )) {
    signal.throwIfAborted()
    last = line.time
    yield line
  }
  if (!coming || !first) return
  const isWanted = ({service, time}: LogLine): boolean =>
    time > last && (query.services.length === 0 || query.services.includes(service))
  for (let next = await first; !next.done; next = await coming.next())
    if (isWanted(next.value)) yield next.value
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

/** Reads the rotated files, the oldest first; each line is `TIME TEXT`. */
async function* linesOf(
  stackDirectory: StackDirectory,
  service: string,
  since: string,
): AsyncGenerator<LogLine[]> {
  const path = stackDirectory.log(service)
  for (const file of [`${path}.2`, `${path}.1`, path]) {
    const input = createReadStream(file)
    try {
      for await (const lines of splitIntoBatches(input)) {
        yield lines.flatMap(line => {
          const [, time, text] = /^(\d{4}-\d\d-\d\dT\S+Z) (.*)$/s.exec(line) ?? []
          return time !== undefined && time >= since ? [{service, time, text: text ?? ''}] : []
        })
      }
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    } finally {
      input.destroy()
    }
  }
}
