import {once} from '../once.js'
/**
 * A text after decoding, with a map of each part to its position in the original text. Texts are bytes, one per
 * character (latin1), so that a secret is the same in every encoding.
 */
export class DecodedView {
  /** For part i: its offset in the decoded text, its offset in the source, and source characters per byte. */
  private readonly at: number[] = []
  private readonly from: number[] = []
  private readonly rate: number[] = []
  private readonly parts: string[] = []
  private length = 0

  /** @param places returns the position in the source of each character that was decoded; undefined: all characters */
  private constructor(
    private readonly source: DecodedView | undefined,
    private readonly places?: () => Uint32Array,
  ) {}

  /** Returns a view of the text without any decoding. */
  static of(bytes: string): DecodedView {
    const whole = new DecodedView(undefined)
    whole.add(bytes, 0, 1)
    return whole
  }

  get text(): string {
    if (this.parts.length > 1) this.parts.splice(0, Infinity, this.parts.join(''))
    return this.parts[0] ?? ''
  }

  /** Returns the range of the original text from which a range of the decoded text was read. */
  origin(start: number, end: number): [start: number, end: number] {
    const first = this.stretchAt(start)
    const last = this.stretchAt(end - 1)
    // Fractions of a character are inexact, and one character too many may be far away in the source.
    const from = Math.floor(this.from[first]! + (start - this.at[first]!) * this.rate[first]! + 1e-6)
    const to = Math.ceil(this.from[last]! + (end - this.at[last]!) * this.rate[last]! - 1e-6)
    if (!this.source) return [from, to]
    const places = this.places?.()
    return places ? this.source.origin(places[from]!, places[to - 1]! + 1) : this.source.origin(from, to)
  }

  /**
   * Decodes every match of a pattern. Only the matches and their surroundings are kept, because the rest of the text is
   * unchanged and has been searched already.
   * @param reach the number of characters to keep on each side, at least the length of a secret
   * @returns undefined if there is no match
   */
  replace(
    pattern: RegExp,
    read: (match: RegExpExecArray) => string,
    reach = Infinity,
  ): DecodedView | undefined {
    const result = new DecodedView(this)
    let done: number | undefined
    for (const match of this.text.matchAll(pattern)) {
      result.copy(done ?? Math.max(0, match.index - reach), match.index, reach)
      const bytes = read(match)
      result.add(bytes, match.index, match[0].length / bytes.length)
      done = match.index + match[0].length
    }
    if (done === undefined) return undefined
    result.copy(done, Math.min(this.text.length, done + reach), reach)
    return result
  }

  /**
   * Decodes all characters of an alphabet as one encoded text, and ignores all other characters.
   * @param others matches the characters that do not belong to the alphabet
   * @param perByte the number of characters per byte
   * @param shifts the number of offsets at which the encoded text may start
   * @param kept matches the decoded parts that are worth keeping; most of the result is noise
   */
  decode(
    others: RegExp,
    {
      encoding,
      perByte,
      shifts,
      kept,
    }: {
      encoding: 'base64' | 'hex'
      perByte: number
      shifts: number
      kept: RegExp
    },
  ): DecodedView | undefined {
    const dense = this.text.replace(others, '')
    const result = new DecodedView(
      this,
      once(() => this.placesOf(others, dense.length)),
    )
    for (let shift = 0; shift < shifts; shift++) {
      const bytes = Buffer.from(dense.slice(shift), encoding).toString('latin1')
      for (const {0: stretch, index} of bytes.matchAll(kept)) {
        result.add(stretch, shift + index * perByte, perByte)
        result.add(GAP, shift + index * perByte, 0)
      }
    }
    return result.length > 0 ? result : undefined
  }

  /** Computed only when something has been found, which is rare. */
  private placesOf(others: RegExp, count: number): Uint32Array {
    const places = new Uint32Array(count)
    let next = 0
    let done = 0
    const take = (until: number): void => {
      while (done < until) places[next++] = done++
    }
    for (const match of this.text.matchAll(others)) {
      take(match.index)
      done = match.index + match[0].length
    }
    take(this.text.length)
    return places
  }

  private copy(from: number, to: number, reach: number): void {
    const {text} = this.source!
    if (to - from <= 2 * reach) {
      this.add(text.slice(from, to), from, 1)
      return
    }
    this.add(text.slice(from, from + reach), from, 1)
    this.add(GAP, from + reach, 0)
    this.add(text.slice(to - reach, to), to - reach, 1)
  }

  private add(bytes: string, from: number, rate: number): void {
    if (bytes === '') return
    this.at.push(this.length)
    this.from.push(from)
    this.rate.push(rate)
    this.parts.push(bytes)
    this.length += bytes.length
  }

  private stretchAt(index: number): number {
    let low = 0
    let high = this.at.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.at[middle]! <= index) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Separates parts that are not adjacent; no secret contains it. */
const GAP = '\0'
