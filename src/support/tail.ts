import {stripVTControlCharacters} from 'node:util'
import type {LogLine} from '../engines/engine.js'

/** The newest lines of a log that fit, oldest first, and the number of older lines that were left out. */
export interface Tail {
  text: string
  left: number
}

/**
 * Reads all lines and keeps the newest.
 * @param most the maximum number of characters to keep; at most twice as many are held in memory
 */
export async function readTail(lines: AsyncIterable<LogLine>, most: number): Promise<Tail> {
  let [older, newer] = [new Batch(), new Batch()]
  let count = 0
  for await (const {time, text} of lines) {
    count++
    if (newer.length > most) [older, newer] = [newer, new Batch()]
    newer.add(`${time} ${stripVTControlCharacters(text).slice(-most)}\n`)
  }
  const all = [...older.lines, ...newer.lines]
  let [first, length] = [all.length, 0]
  while (first > 0 && length + all[first - 1]!.length <= most) length += all[--first]!.length
  // The newest line is kept, whatever its length.
  const kept = all.slice(Math.min(first, all.length - 1))
  return {text: kept.join(''), left: count - kept.length}
}

class Batch {
  readonly lines: string[] = []
  length = 0

  add(line: string): void {
    this.lines.push(line)
    this.length += line.length
  }
}
