/** Text from a file that somebody else may have written: it must not move the cursor of a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
