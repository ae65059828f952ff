/** Replaces control characters in text of unknown origin, so that it cannot control the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
