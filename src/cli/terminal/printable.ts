/** Replaces control characters in text of unknown origin, so that it cannot control the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}

/** Makes all control characters visible, except tabs and newlines, as in `\x1b]0;title\x07`. */
export function visible(text: string): string {
  return text.replace(/(?![\t\n])\p{Cc}/gu, escape)
}

/** A color or another attribute of text (SGR, ECMA-48 8.3.117), or any other control character except tab and newline. */
const COLOR_OR_CONTROL = new RegExp(String.raw`(\x1b\[[\d;:]*m)|(?![\t\n])\p{Cc}`, 'gu')

/**
 * Makes all control characters visible, as in `\x1b]0;title\x07`, and leaves colors as they are. The last color ends
 * with the text.
 */
export function coloredOnly(text: string): string {
  const shown = text.replace(
    COLOR_OR_CONTROL,
    (character, color: string | undefined) => color ?? escape(character),
  )
  return shown.includes('\u001B') ? `${shown}\u001B[0m` : shown
}

function escape(character: string): string {
  if (character === '\r') return String.raw`\r`
  return String.raw`\x` + character.codePointAt(0)!.toString(16).padStart(2, '0')
}
