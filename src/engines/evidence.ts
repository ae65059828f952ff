import type {Evidence} from '../errors.js'
import {lastLines} from '../system/text/last-lines.js'
import {toRecords} from './records.js'

/** The number of lines that are shown. */
const LINES = 12
/** The number of lines of a stack trace that are shown: they say where the exception was thrown. */
const FRAMES = 2

/**
 * Selects the lines that explain why a service ended: its last error with the innermost cause. The end of a stack trace
 * would explain nothing.
 * @param log the lines of its last run
 */
export function endEvidence(service: string, log: string[]): Evidence[] {
  const error = toRecords(log).findLast(isError)
  if (!error) return logEvidence(service, log)
  const innermost = error.findLastIndex(line => line.startsWith('Caused by: '))
  const parts =
    innermost === -1
      ? [withFrames(error, LINES)]
      : [
          withoutFrames(error.slice(0, innermost)).slice(0, LINES / 2),
          withFrames(error.slice(innermost), LINES / 2),
        ]
  return [{title: `last error of ${service}`, lines: parts.flat()}]
}

/** An exception with its message and the place where it was thrown, in at most `limit` lines. */
function withFrames(lines: string[], limit: number): string[] {
  const frames = lines.filter(line => isFrame(line) && line.trim() !== '')
  return [...withoutFrames(lines).slice(0, limit - FRAMES), ...frames.slice(0, FRAMES)]
}

function withoutFrames(lines: string[]): string[] {
  return lines.filter(line => !isFrame(line))
}

/** Selects the last lines of a log. */
export function logEvidence(service: string, log: string[]): Evidence[] {
  const lines = lastLines(withoutFrames(log).join('\n'), LINES)
  return lines.length > 0 ? [{title: `last lines of ${service}`, lines}] : []
}

/** The level of an error in its usual place, after the time, the process and the thread; or the word that begins a line. */
const ERROR_LEVEL = /^(?:\S+\s+){0,6}?\[?(?:ERROR|FATAL|SEVERE|CRITICAL|PANIC)\b/
const ERROR_WORD = /^(?:fatal|error|panic|Exception in thread|[\w.]+(?:Error|Exception))\b/

function isError([head = '']: string[]): boolean {
  return ERROR_LEVEL.test(head) || ERROR_WORD.test(head)
}

/** A line of a stack trace that names code, or an empty line. */
function isFrame(line: string): boolean {
  return /^\s*(?:$|at \S|\.{3} \d+ )/.test(line)
}
