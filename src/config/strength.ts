import {randomBytes, randomInt} from 'node:crypto'
import type {Problem} from '../errors.js'
import {SECRET_LENGTHS} from './setting-kinds.js'
import type {Setting} from './setting.js'

/** The placeholder that `.env.example` has instead of a secret. */
export const PLACEHOLDER = 'change-me'

/** Generates a random secret of characters that need no quoting anywhere. */
export function newSecret({name}: Setting): string {
  return name === 'TELEGRAM_BOT_TOKEN' ? newBotToken() : randomBytes(24).toString('hex')
}

/** Client libraries of Telegram reject a token without the format of a real one: the bot's ID and 35 characters. */
function newBotToken(): string {
  const key = randomBytes(25).toString('base64url').slice(0, 33)
  return `${randomInt(1_000_000_000, 10_000_000_000)}:AA${key}`
}

/** Values that are common in examples and tutorials, and therefore publicly known. */
const WELL_KNOWN =
  /^(?:change[-_ ]?(?:me|it|this).*|(?:aquastream|postgres|redis|minio|minioadmin|admin|root|secret|password|example|test|your)[-_!.\d]*|(.)\1*|<.*>|1234\d*)$/i

/** Returns why a secret is too weak for stage and prod, or undefined. The message never contains the value. */
export function weakness({name, secret}: Setting, value: string): Problem | undefined {
  if (!secret) return undefined
  if (WELL_KNOWN.test(value)) {
    return {
      code: 'placeholder-secret',
      message: `${name} is a placeholder, not a secret`,
      hint: `set ${name} to a unique value in the .env file; openssl rand -hex 32 generates one`,
    }
  }
  const atLeast = SECRET_LENGTHS[name] ?? 0
  if (value.length < atLeast) {
    return {
      code: 'placeholder-secret',
      message: `${name} is too short: it has ${value.length} characters, and at least ${atLeast} are required`,
      hint: `set ${name} to a longer value in the .env file; openssl rand -hex 32 generates one`,
    }
  }
  return undefined
}
