import {type Secret, SHORT} from '../system/mask/mask.js'

/**
 * Returns the names of the secrets that a text still reveals in any encoding. It works differently from the masking,
 * so that it does not share its bugs: it strips everything that an encoding may add from text and secret, and compares
 * them.
 */
export function findLeaks(text: string, secrets: readonly Secret[]): string[] {
  const bytes = toBytes(text)
  const long = secrets.filter(({value}) => Buffer.byteLength(value) >= SHORT)
  const short = secrets.filter(secret => !long.includes(secret))
  const tokens = Object.entries(TOKENS)
  const leaks = [
    ...encodedIn(bytes, long),
    ...short.filter(({value}) => isWholeWord(bytes, toBytes(value))).map(({name}) => name),
    ...tokens.filter(([, pattern]) => pattern.test(text)).map(([name]) => name),
  ]
  return [...new Set(leaks)].sort()
}

/** Searches the text itself, and its decoded base64 and hex twice. */
function encodedIn(bytes: string, secrets: Secret[]): string[] {
  const values = secrets.map(({name, value}) => {
    const isLong = Buffer.byteLength(value) >= LONG
    return {name, value: toBytes(value), isLong, bare: bareOf(value, isLong)}
  })
  const ascii = values.every(({value}) => /^[ -~]*$/.test(value))
  const leaks: string[] = []
  let text = bytes
  for (let depth = 0; depth <= 2; depth++) {
    const stages = unescape(text)
    const last = strip(stages.at(-1)!)
    const [loose, joined] = [withoutPlus(last), joinLines(stages.at(-1)!)]
    for (const {name, value, isLong, bare} of values) {
      const shows =
        stages.some(stage => stage.includes(value)) ||
        (bare.length >= ENOUGH && (isLong ? loose : joined).includes(bare))
      if (shows) leaks.push(name)
    }
    text = decodeLetters(last, ascii ? /[\s -~]{6,}/g : /[\s -~\x80-\xFF]{6,}/g)
  }
  return leaks
}

/** A value that consists mostly of escapes is too short after stripping to be distinguished from other text. */
const ENOUGH = 6

/**
 * From this length on, which stage and prod require, a value is compared without any white space. "postgres 15" is not
 * the password postgres15, but a match of this length is no coincidence.
 */
const LONG = 16

function bareOf(value: string, isLong: boolean): string {
  const decoded = unescape(toBytes(value)).at(-1)!
  return isLong ? withoutPlus(strip(decoded)) : joinLines(decoded)
}

/** Decodes escapes until none is left, and returns every intermediate text. */
function unescape(bytes: string): [string, ...string[]] {
  const stages: [string, ...string[]] = [bytes]
  let text = bytes.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /g, '')
  do {
    stages.push(text)
    text = unescapeOnce(text)
  } while (text !== stages.at(-1))
  return stages
}

function unescapeOnce(text: string): string {
  return text
    .replace(/(?<!\\)\\+u(d[89ab]..)\\+u(d[c-f]..)/gi, (_, high: string, low: string) =>
      characters(high, low),
    )
    .replace(/(?<!\\)\\+u([0-9a-f]{4})/gi, (_, unit: string) => characters(unit))
    .replace(/(?:(?<!\\)\\+x|%)([0-9a-f]{2})/gi, (_, byte: string) =>
      Buffer.from(byte, 'hex').toString('latin1'),
    )
    .replace(/&#x0*([0-9a-f]{1,4});/gi, (_, unit: string) => characters(unit))
    .replace(/&#0*(\d{1,5});/g, (_, decimal: string) => characters(Number(decimal).toString(16)))
    .replace(/&(quot|apos|amp|lt|gt);/gi, (_, name: string) => ENTITIES[name.toLowerCase()]!)
}

const ENTITIES: Record<string, string> = {quot: '"', apos: "'", amp: '&', lt: '<', gt: '>'}

/** Removes quotes, backslashes and line ends, which encodings add or remove. */
function strip(text: string): string {
  return text.replace(/(?<!\\)\\+[nrt]|[\\'"\s]/g, '')
}

/** Removes +, which may stand for a space; base64 needs it, so this is a separate step. */
function withoutPlus(text: string): string {
  return text.replaceAll('+', '')
}

/** Removes quotes, backslashes and line breaks with the indent after them. What may stand for a space becomes one. */
function joinLines(text: string): string {
  return text
    .replace(/\r?\n[ \t]*/g, '')
    .replace(/(?<!\\)\\+[nrt]|[+\t]/g, ' ')
    .replace(/[\\'"]/g, '')
}

/** Decodes everything that may be base64 or hex, at each offset, and returns the parts that could be a value. */
function decodeLetters(text: string, values: RegExp): string {
  const base64 = text.replace(/[^\w+/-]/g, '')
  const hex = text.replace(/[^0-9a-f]/gi, '')
  const numbers = [
    ...[0, 1, 2, 3].map(skip => Buffer.from(base64.slice(skip), 'base64')),
    ...[0, 1].map(skip => Buffer.from(hex.slice(skip), 'hex')),
  ]
  return numbers.flatMap(number => number.toString('latin1').match(values) ?? []).join('\n\n')
}

/** Returns whether a short value occurs as a whole word. */
function isWholeWord(text: string, value: string): boolean {
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    const [before = '', first = '', last = '', after = ''] = [
      text[at - 1],
      value[0],
      value.at(-1),
      text[at + value.length],
    ]
    if (!(isWord(before) && isWord(first)) && !(isWord(last) && isWord(after))) return true
  }
  return false
}

function isWord(character: string): boolean {
  return /\w/.test(character)
}

function characters(...units: string[]): string {
  return toBytes(String.fromCharCode(...units.map(unit => Number.parseInt(unit, 16))))
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Formats that cannot be anything but a secret. */
const TOKENS: Record<string, RegExp> = {
  'a private key': /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/,
  'a JWT': /\beyJ[\w-]{10,500}\.eyJ[\w-]{10,2000}\.[\w-]{10}/,
  'a bot token': /\b\d{8,10}:[\w-]{35}\b/,
  'an access key': /\bAKIA[A-Z0-9]{16}\b/,
  'a password hash': /SCRAM-SHA-256\$\d+:|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}/,
}
