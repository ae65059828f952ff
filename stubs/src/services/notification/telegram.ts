import {causeOf} from '../../health/check.js'

const ANSWER_LIMIT_MS = 10_000

/** The bot's own address, which ends in its token: nothing may log it. */
export interface Bot {
  url: string
}

/** Sends a message. @throws Error with Telegram's words, or why it cannot be reached; never with the token */
export async function sendMessage({url}: Bot, chatId: number, text: string): Promise<void> {
  const response = await fetch(`${url}/sendMessage`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({chat_id: chatId, text}),
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  }).catch(unreachable)
  if (response.ok) return
  const answer = (await response.json().catch(() => null)) as {description?: string} | null
  throw new Error(`Telegram answers ${response.status}: ${answer?.description ?? 'no description'}`)
}

// fetch says "fetch failed" and hides the reason in the cause.
function unreachable(error: Error): never {
  throw new Error(`Telegram cannot be reached: ${causeOf(error.cause ?? error)}`)
}
