import {once} from '../../system/once.js'
/**
 * One way to read a text: what is left of it when an encoding is taken away, and where each stretch of that
 * came from. Texts are bytes here, one per character (latin1), so that every encoding meets the same secret.
 */
export class Reading {
  /** Of stretch i: where it begins in the text, where it came from, and how much of the source a byte took. */
  private readonly at: number[] = []
  private readonly from: number[] = []
  private readonly rate: number[] = []
  private readonly parts: string[] = []
  private length = 0

  /** @param places where in the source each character of the text that was read stands; all of them when absent */
  private constructor(
    private readonly source: Reading | undefined,
    private readonly places?: () => Uint32Array,
  ) {}

  /** The text as it stands. */
  static of(bytes: string): Reading {
    const whole = new Reading(undefined)
    whole.add(bytes, 0, 1)
    return whole
  }

  get text(): string {
    if (this.parts.length > 1) this.parts.splice(0, Infinity, this.parts.join(''))
    return this.parts[0] ?? ''
  }

  /** The stretch of the original text that this stretch was read from. */
  origin(start: number, end: number): [start: number, end: number] {
    const first = this.stretchAt(start)
    const last = this.stretchAt(end - 1)
    // Thirds of a character are not exact, and one too many may be far away in the source.
    const from = Math.floor(this.from[first]! + (start - this.at[first]!) * this.rate[first]! + 1e-6)
    const to = Math.ceil(this.from[last]! + (end - this.at[last]!) * this.rate[last]! - 1e-6)
    if (!this.source) return [from, to]
    const places = this.places?.()
    return places ? this.source.origin(places[from]!, places[to - 1]! + 1) : this.source.origin(from, to)
  }

  /**
   * Reads what a pattern finds as something else. Only the neighbourhood of what it finds is kept: the rest
   * reads as before.
   * @param reach how far a secret may stretch from there
   * @returns nothing when the pattern finds nothing
   */
  replace(pattern: RegExp, read: (match: RegExpExecArray) => string, reach = Infinity): Reading | undefined {
    const result = new Reading(this)
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
   * Reads all characters of an alphabet, whatever stands between them, as one number after the other.
   * @param others finds what is not of the alphabet
   * @param perByte characters of a byte
   * @param shifts at how many characters the first number may begin
   * @param kept finds what is worth keeping; most of it is noise
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
  ): Reading | undefined {
    const dense = this.text.replace(others, '')
    const result = new Reading(
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

  /** Rarely asked for: only when something is found. */
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

/** Between stretches that are not neighbours; no secret has it. */
const GAP = '\0'
