/** A text with its `%41` decoded; the text itself when it is not encoded that way. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
