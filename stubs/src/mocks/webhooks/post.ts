import {causeOf} from '../../health/check.js'

const ANSWER_LIMIT_MS = 10_000

/** What is sent; headers beside these are the caller's. */
export interface Message {
  url: string
  contentType: string
  headers?: Record<string, string>
  body: string
}

/** What came back; a status of 0 when nothing did, and then the text says why. */
export interface Answer {
  status: number
  text: string
}

/** Sends it once. Never throws: a receiver that cannot be reached is an answer too. */
export async function post({url, contentType, headers, body}: Message): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {'content-type': contentType, 'user-agent': 'aquastream-mocks', ...headers},
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    })
    return {status: response.status, text: await response.text()}
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return {status: 0, text: causeOf(cause)}
  }
}
