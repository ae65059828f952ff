import {parseJson} from '../body.js'

/** The public properties of a card. */
export interface Card {
  firstSix: string
  lastFour: string
  /** MM/YY */
  expires: string
}

/** The card of payments by link, whose page has no field for a card. */
export const TEST_CARD: Card = {firstSix: '424242', lastFour: '4242', expires: '12/30'}

/**
 * Reads the unencrypted part of a cryptogram, in the old format (digits first) or the new one (base64 of JSON).
 * Returns the test card if the cryptogram has neither format.
 */
export function readCard(cryptogram: string): Card {
  const digits = /^0[12](\d{6})(\d{4})(\d\d)(\d\d)/.exec(cryptogram)
  if (digits) return {firstSix: digits[1]!, lastFour: digits[2]!, expires: `${digits[4]}/${digits[3]}`}
  const packet = parseJson(Buffer.from(cryptogram, 'base64').toString()) as {
    CardInfo?: Record<string, unknown>
  } | null
  const info = packet?.CardInfo
  if (!info) return TEST_CARD
  const read = (name: string, length: number, fallback: string): string => {
    const value = info[name]
    const text = typeof value === 'number' || typeof value === 'string' ? String(value) : ''
    return /^\d+$/.test(text) ? text.slice(-length).padStart(length, '0') : fallback
  }
  return {
    firstSix: read('FirstSixDigits', 6, TEST_CARD.firstSix),
    lastFour: read('LastFourDigits', 4, TEST_CARD.lastFour),
    expires: `${read('ExpDateMonth', 2, '12')}/${read('ExpDateYear', 2, '30')}`,
  }
}

/** Returns the payment system, which the first digit determines. */
export function cardType({firstSix}: Card): string {
  return {2: 'MIR', 4: 'Visa', 5: 'MasterCard'}[firstSix[0]!] ?? 'Visa'
}
