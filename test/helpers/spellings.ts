/**
 * Encodes a text as other programs do, without code from src. Tests that mask or search for a secret get its encoded
 * forms from here.
 */
export type Encoder = (text: string) => string

const unicode = (text: string): string =>
  [...Array(text.length).keys()]
    .map(index => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
const hex = (text: string): string => Buffer.from(text).toString('hex')

/** The encoders by name. Some of those for base64 encode a longer text that contains the given one. */
export const ENCODERS: Record<string, Encoder> = {
  literal: text => text,
  'percent, as a browser': encodeURIComponent,
  'percent, lower case': text => encodeURIComponent(text).replace(/%../g, code => code.toLowerCase()),
  'percent, every byte': text => hex(text).replace(/../g, '%$&'),
  'percent, upper case every byte': text => hex(text).toUpperCase().replace(/../g, '%$&'),
  form: text => new URLSearchParams({v: text}).toString().slice(2),
  json: text => JSON.stringify(text).slice(1, -1),
  'json with escaped slashes': text => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'json, every character': unicode,
  'json, upper case': text => unicode(text).replace(/u..../g, code => `u${code.slice(1).toUpperCase()}`),
  'C, every byte': text => hex(text).replace(/../g, '\\x$&'),
  sql: text => text.replaceAll("'", "''"),
  shell: text => text.replaceAll("'", String.raw`'\''`),
  html: text =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  base64: text => Buffer.from(text).toString('base64'),
  'base64 after one byte': text => Buffer.from(`:${text}`).toString('base64'),
  'base64 after two bytes': text => Buffer.from(`u:${text}\n`).toString('base64'),
  'base64 in lines': text =>
    Buffer.from(`user:${text}:and more`).toString('base64').replace(/.{10}/g, '$&\r\n'),
  base64url: text => Buffer.from(`x${text}?`).toString('base64url'),
  hex,
  'hex, upper case': text => hex(text).toUpperCase(),
}

/** Returns a text in every encoding, and in every combination of two encodings. */
export function formsOf(text: string): {how: string; form: string}[] {
  const encoders = Object.entries(ENCODERS)
  return encoders.flatMap(([outer, encode]) =>
    encoders.map(([inner, encodeFirst]) => ({
      how: `${inner}, then ${outer}`,
      form: encode(encodeFirst(text)),
    })),
  )
}
