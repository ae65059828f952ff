import {jsonOf} from '../body.js'

/** What may be known of a card. */
export interface Card {
  firstSix: string
  lastFour: string
  /** MM/YY */
  expires: string
}

/** The card of payments by link, where nobody types one. */
export const TEST_CARD: Card = {firstSix: '424242', lastFour: '4242', expires: '12/30'}

/** The readable part of a cryptogram, of the old form (digits first) and of the new (JSON); else the test card. */
export function cardOf(cryptogram: string): Card {
  const old = /^0[12](\d{6})(\d{4})(\d\d)(\d\d)/.exec(cryptogram)
  if (old) return {firstSix: old[1]!, lastFour: old[2]!, expires: `${old[4]}/${old[3]}`}
  const packet = jsonOf(Buffer.from(cryptogram, 'base64').toString()) as {
    CardInfo?: Record<string, unknown>
  } | null
  const info = packet?.CardInfo
  if (!info) return TEST_CARD
  const of = (name: string, length: number, normal: string): string => {
    const value = info[name]
    const digits = typeof value === 'number' || typeof value === 'string' ? String(value) : ''
    return /^\d+$/.test(digits) ? digits.slice(-length).padStart(length, '0') : normal
  }
  return {
    firstSix: of('FirstSixDigits', 6, TEST_CARD.firstSix),
    lastFour: of('LastFourDigits', 4, TEST_CARD.lastFour),
    expires: `${of('ExpDateMonth', 2, '12')}/${of('ExpDateYear', 2, '30')}`,
  }
}

/** The payment system, by the first digit. */
export function cardType({firstSix}: Card): string {
  return {2: 'MIR', 4: 'Visa', 5: 'MasterCard'}[firstSix[0]!] ?? 'Visa'
}
