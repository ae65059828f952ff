import wrapAnsi from 'wrap-ansi'

/** Breaks at words in a terminal; a pipe gets each sentence in one line, to be searched. */
export function wrap(text: string, indent = 0, stream: NodeJS.WriteStream = process.stderr): string {
  const width = stream.isTTY ? Math.max(stream.columns - indent, 20) : Infinity
  return wrapAnsi(text, width, {hard: true}).replace(/^/gm, ' '.repeat(indent))
}
