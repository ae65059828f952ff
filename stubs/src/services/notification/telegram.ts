import {causeOf} from '../../health/check.js'

const TIMEOUT_MS = 10_000

/** Access to the Telegram Bot API. */
export interface BotApi {
  /** Ends with the token of the bot, so it must not be logged. */
  url: string
}

/**
 * Sends a message to a chat.
 *
 * @throws Error with the description from Telegram, or with the cause of the failed request; never with the token
 */
export async function sendMessage({url}: BotApi, chatId: number, text: string): Promise<void> {
  const response = await fetch(`${url}/sendMessage`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({chat_id: chatId, text}),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(unreachable)
  if (response.ok) return
  const body = (await response.json().catch(() => null)) as {description?: string} | null
  throw new Error(`Telegram responded with HTTP ${response.status}: ${body?.description ?? 'no description'}`)
}

// The message of the error itself is always "fetch failed".
function unreachable(error: Error): never {
  throw new Error(`Telegram cannot be reached: ${causeOf(error.cause ?? error)}`)
}
