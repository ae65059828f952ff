import wrapAnsi from 'wrap-ansi'

/** Breaks at words in a terminal; a pipe gets each sentence in one line, to be searched. */
export function wrap(text: string, indent = 0, stream: NodeJS.WriteStream = process.stderr): string {
  // Some terminals, such as those of CI, say that they have no columns.
  const width = Math.max((stream.columns || 80) - indent, 20)
  const wrapped = stream.isTTY ? wrapAnsi(text, width, {hard: true}) : text
  return wrapped.replace(/^/gm, ' '.repeat(indent))
}
