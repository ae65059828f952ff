import wrapAnsi from 'wrap-ansi'
import {asTypable} from '../typable.js'
import {coloredOnly} from './printable.js'

/**
 * Wraps text to the width of the terminal; for a pipe, each sentence stays on one line, so that grep finds it. Its commands
 * can be typed as they are.
 */
export function wrap(sentences: string, indent = 0, stream: NodeJS.WriteStream = process.stderr): string {
  const text = asTypable(sentences)
  // Some terminals, such as those of CI, report 0 columns.
  const width = Math.max((stream.columns || 80) - indent, 20)
  const wrapped = stream.isTTY ? wrapAnsi(coloredOnly(text), width, {hard: true}) : text
  return wrapped.replace(/^/gm, ' '.repeat(indent))
}
