import {causeOf} from '../../health/check.js'

const TIMEOUT_MS = 10_000

/** The request of a webhook. */
export interface WebhookRequest {
  url: string
  contentType: string
  /** Additional headers. */
  headers?: Record<string, string>
  body: string
}

/** The response to a webhook. If there is none, the status is 0 and the text is the cause. */
export interface WebhookResponse {
  status: number
  text: string
}

/** Sends a request once. Never throws: a failed request is a response with status 0. */
export async function post({url, contentType, headers, body}: WebhookRequest): Promise<WebhookResponse> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {'content-type': contentType, 'user-agent': 'aquastream-mocks', ...headers},
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return {status: response.status, text: await response.text()}
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return {status: 0, text: causeOf(cause)}
  }
}
