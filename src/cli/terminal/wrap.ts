import wrapAnsi from 'wrap-ansi'
import {coloredOnly} from './printable.js'

/** Wraps text to the width of the terminal; for a pipe, each sentence stays on one line, so that grep finds it. */
export function wrap(text: string, indent = 0, stream: NodeJS.WriteStream = process.stderr): string {
  // Some terminals, such as those of CI, report 0 columns.
  const width = Math.max((stream.columns || 80) - indent, 20)
  const wrapped = stream.isTTY ? wrapAnsi(coloredOnly(text), width, {hard: true}) : text
  return wrapped.replace(/^/gm, ' '.repeat(indent))
}
