/** Decodes percent-encoding such as `%41`; returns a text that is not encoded correctly as it is. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
