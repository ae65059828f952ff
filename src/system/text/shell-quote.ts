/** A word as a shell reads it back unchanged; plain names stay as they are. */
export function shellQuote(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
