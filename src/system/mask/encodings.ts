import type {DecodedView} from './decoded-view.js'

/** Decodes one encoding; returns undefined if the text does not use it. */
export type Decoder = (reading: DecodedView) => DecodedView | undefined

/**
 * Returns decoders of the encodings that write one character as several, such as JSON and URL escapes.
 * @param reach the maximum length of an encoded secret
 */
export function escapes(reach: number): Decoder[] {
  return [
    reading => reading.replace(JSON_ESCAPE, ([, unit, byte, char]) => fromEscape(unit ?? byte, char), reach),
    reading => reading.replace(/%([0-9a-f]{2})/gi, ([, hex]) => fromHex(hex!), reach),
    // A shell writes a quote as '\'' or '"'"' inside a quoted word; SQL and CSV double it.
    reading => reading.replace(/'\\''|'"'"'/g, () => "'", reach),
    reading => reading.replace(/''/g, () => "'", reach),
    reading => reading.replace(/""/g, () => '"', reach),
    reading => reading.replace(ENTITY, ([, hex, decimal, name]) => fromEntity(hex, decimal, name), reach),
  ]
}

/**
 * Returns decoders of base64 and hex. The start of an encoded text is unknown, so each offset is tried, and everything
 * that does not decode to text is noise.
 * @param shortest the length of the shortest secret, in bytes
 */
export function transports(shortest: number, {ascii}: {ascii: boolean}): Decoder[] {
  const kept = new RegExp(String.raw`[\t\r\n -~${ascii ? '' : '\x80-\xFF'}]{${shortest},}`, 'g')
  return [
    reading => reading.decode(/[^A-Za-z0-9+/_-]+/g, {encoding: 'base64', perByte: 4 / 3, shifts: 4, kept}),
    reading => reading.decode(/[^A-Fa-f0-9]+/g, {encoding: 'hex', perByte: 2, shifts: 2, kept}),
  ]
}

/**
 * Joins all lines: a value may be wrapped, and Docker Engine writes a timestamp before each line and before every
 * 16 KiB of a long line.
 */
export function joinLines(reading: DecodedView): DecodedView | undefined {
  return reading.replace(
    /\r?\n[ \t]*(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z [ \t]*)?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /g,
    () => '',
  )
}

const JSON_ESCAPE = /\\(?:u(d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|[0-9a-f]{4})|x([0-9a-f]{2})|([^]))/gi

/** Decodes escapes of JSON, JavaScript, C and the shell; a character without a special meaning stands for itself. */
function fromEscape(hex: string | undefined, char = ''): string {
  if (hex?.length === 2) return fromHex(hex)
  if (hex === undefined) return CONTROLS[char] ?? char
  return utf8(String.fromCharCode(...hex.split(/\\u/i).map(unit => Number.parseInt(unit, 16))))
}

const CONTROLS: Record<string, string> = {n: '\n', r: '\r', t: '\t', b: '\b', f: '\f'}

const ENTITY = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi

function fromEntity(hex?: string, decimal?: string, name = ''): string {
  if (hex === undefined && decimal === undefined) return NAMED[name.toLowerCase()]!
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  return code <= 0x10_ff_ff ? utf8(String.fromCodePoint(code)) : ''
}

const NAMED: Record<string, string> = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"}

function fromHex(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}

/** Returns the UTF-8 bytes of a text, one per character. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
