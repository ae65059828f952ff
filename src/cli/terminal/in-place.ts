/**
 * Returns whether text on this stream can be replaced later, which takes a terminal that moves its cursor and knows its
 * width. Emacs runs commands in a dumb terminal; expect and ssh without a window report 0 columns. A CI job may have a
 * terminal, but its output is read as a log.
 */
export function canUpdateInPlace(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.columns > 0 && process.env.TERM !== 'dumb' && !process.env.CI
}
