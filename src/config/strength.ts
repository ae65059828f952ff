import {randomBytes, randomInt} from 'node:crypto'
import type {Problem} from '../errors.js'
import {SECRET_LENGTHS} from './setting-kinds.js'
import type {Setting} from './setting.js'

/** What `.env.example` holds in the place of a secret. */
export const PLACEHOLDER = 'change-me'

/** A secret that nobody guesses, of characters that no program takes for more than themselves. */
export function newSecret({name}: Setting): string {
  return name === 'TELEGRAM_BOT_TOKEN' ? newBotToken() : randomBytes(24).toString('hex')
}

/** Client libraries of Telegram refuse a token that has not the shape of a real one: the bot's id, and 35 characters. */
function newBotToken(): string {
  const key = randomBytes(25).toString('base64url').slice(0, 33)
  return `${randomInt(1_000_000_000, 10_000_000_000)}:AA${key}`
}

/** Values that stand in examples and tutorials all over the world, so everybody knows them. */
const WELL_KNOWN =
  /^(?:change[-_ ]?(?:me|it|this).*|(?:aquastream|postgres|redis|minio|minioadmin|admin|root|secret|password|example|test|your)[-_!.\d]*|(.)\1*|<.*>|1234\d*)$/i

/** Whether a secret that is set may be used for real; the value itself is never part of the answer. */
export function weakness({name, secret}: Setting, value: string): Problem | undefined {
  if (!secret) return undefined
  if (WELL_KNOWN.test(value)) {
    return {
      code: 'placeholder-secret',
      message: `${name} is a placeholder, not a secret`,
      hint: `put a value of its own for ${name} into the .env file; openssl rand -hex 32 makes one`,
    }
  }
  const atLeast = SECRET_LENGTHS[name] ?? 0
  if (value.length < atLeast) {
    return {
      code: 'placeholder-secret',
      message: `${name} is too short for a secret: ${value.length} of at least ${atLeast} characters`,
      hint: `put a longer value for ${name} into the .env file; openssl rand -hex 32 makes one`,
    }
  }
  return undefined
}
