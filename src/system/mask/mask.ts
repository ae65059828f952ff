import {DecodedView} from './decoded-view.js'
import {type Decoder, escapes, joinLines, transports, utf8} from './encodings.js'
import {SECRET_PATTERNS} from './patterns.js'

/** A value that must not appear in a text. */
export interface Secret {
  /** The setting or variable that holds it; shown to the user. */
  name: string
  value: string
}

/** A text without secrets, and the number of masked places, by the name of the setting or the kind of secret. */
export interface Masked {
  text: string
  counts: Map<string, number>
}

/** A secret with fewer bytes is masked only as a whole word, because it may be part of harmless words. */
export const SHORT = 8

/**
 * Returns a function that masks texts: known secrets in every encoding, even if they are split over lines, and
 * everything that looks like a secret.
 */
export function masker(secrets: readonly Secret[]): (text: string) => Masked {
  const isShort = ({value}: Secret): boolean => Buffer.byteLength(value) < SHORT
  const known = [byValue(secrets.filter(secret => !isShort(secret))), byWord(secrets.filter(isShort))]
  const label = (name: string): string => {
    const text = `[masked ${name}]`
    // The label may contain a secret itself, such as the password "masked".
    return known.some(search => [...search(text)].length > 0) ? '***' : text
  }
  return text => {
    const bytes = utf8(text)
    return cover(bytes, merge([...known, byPattern].flatMap(search => [...search(bytes)])), label)
  }
}

/** A range of a text to be masked. */
interface SecretFound {
  start: number
  end: number
  name: string
}

type Search = (bytes: string) => Iterable<SecretFound>

/** Finds known secrets in every encoding, up to three nested encodings. */
function byValue(secrets: readonly Secret[]): Search {
  if (secrets.length === 0) return () => []
  const names = new Map(secrets.flatMap(({name, value}) => spellings(value).map(bytes => [bytes, name])))
  const needles = longestFirst(names.keys())
  const pattern = new RegExp(needles.map(quote).join('|'), 'g')
  const ascii = needles.every(needle => /^[\t -~]*$/.test(needle))
  const decoders = [...escapes(16 * needles[0]!.length), ...transports(SHORT, {ascii})]
  const toHit = ({0: bytes}: RegExpExecArray): Hit => ({name: names.get(bytes)!, secret: bytes})
  return function* (bytes) {
    const whole = DecodedView.of(bytes)
    yield* findAll(pattern, whole, toHit)
    for (const view of views(joinLines(whole) ?? whole, decoders, 3)) yield* findAll(pattern, view, toHit)
  }
}

/** In a query string a space is written as +. */
function spellings(value: string): string[] {
  const bytes = utf8(value)
  return bytes.includes(' ') ? [bytes, bytes.replaceAll(' ', '+')] : [bytes]
}

/** Finds short secrets as whole words. */
function byWord(secrets: readonly Secret[]): Search {
  if (secrets.length === 0) return () => []
  const names = new Map(secrets.map(({name, value}) => [utf8(value), name]))
  const pattern = new RegExp(longestFirst(names.keys()).map(asWord).join('|'), 'g')
  return function* (bytes) {
    for (const view of views(DecodedView.of(bytes), escapes(256), 2))
      yield* findAll(pattern, view, ({0: word}) => ({name: names.get(word)!, secret: word}))
  }
}

function asWord(word: string): string {
  const before = /^\w/.test(word) ? '(?<!\\w)' : ''
  const after = /\w$/.test(word) ? '(?!\\w)' : ''
  return before + quote(word) + after
}

/** Finds everything that looks like a secret, even if it is quoted or escaped twice. */
function* byPattern(bytes: string): Iterable<SecretFound> {
  for (const view of views(DecodedView.of(bytes), escapes(4096), 2)) {
    for (const {name, pattern, accepts = () => true} of SECRET_PATTERNS) {
      yield* findAll(pattern, view, ([whole, ...groups]) =>
        accepts(whole) ? {name, secret: groups.find(Boolean) ?? whole} : undefined,
      )
    }
  }
}

/** Yields a text and all its decoded views, with at most `depth` nested encodings. */
function* views(view: DecodedView, decoders: Decoder[], depth: number): Generator<DecodedView> {
  yield view
  if (depth === 0) return
  for (const decode of decoders) {
    const decoded = decode(view)
    if (decoded) yield* views(decoded, decoders, depth - 1)
  }
}

/** The secret within a match; only a closing quote may follow it. */
interface Hit {
  name: string
  secret: string
}

/** Finds all matches of a pattern in a view, including overlapping ones. */
function* findAll(
  pattern: RegExp,
  view: DecodedView,
  toHit: (match: RegExpExecArray) => Hit | undefined,
): Generator<SecretFound> {
  pattern.lastIndex = 0
  for (let match = pattern.exec(view.text); match; match = pattern.exec(view.text)) {
    pattern.lastIndex = match.index + 1
    const hit = toHit(match)
    if (!hit) continue
    const from = match.index + match[0].lastIndexOf(hit.secret)
    const [start, end] = view.origin(from, from + hit.secret.length)
    yield {start, end, name: hit.name}
  }
}

/** Merges overlapping findings into one, with the name that was found first. */
function merge(findings: SecretFound[]): SecretFound[] {
  const rank = new Map(findings.map((finding, index) => [finding, index]))
  const merged: SecretFound[] = []
  for (const finding of findings.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (!last || finding.start >= last.end) {
      merged.push(finding)
      continue
    }
    const first = rank.get(finding)! < rank.get(last)! ? finding : last
    const whole = {start: last.start, end: Math.max(last.end, finding.end), name: first.name}
    rank.set(whole, rank.get(first)!)
    merged[merged.length - 1] = whole
  }
  return merged
}

function cover(bytes: string, findings: SecretFound[], label: (name: string) => string): Masked {
  const counts = new Map<string, number>()
  const parts: string[] = []
  let done = 0
  for (const {start, end, name} of findings) {
    counts.set(name, (counts.get(name) ?? 0) + 1)
    parts.push(bytes.slice(done, start), utf8(label(name)))
    done = end
  }
  parts.push(bytes.slice(done))
  return {text: Buffer.from(parts.join(''), 'latin1').toString('utf8'), counts}
}

function longestFirst(texts: Iterable<string>): string[] {
  return [...texts].sort((a, b) => b.length - a.length)
}

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}
