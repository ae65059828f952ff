import {causeOf} from '../../health/check.js'
import {HttpError} from '../../http/problem.js'

const TIMEOUT_MS = 10_000

/** The account of the platform at a payment provider. */
export interface ProviderAccount {
  /** The name of the provider in messages, such as YooKassa. */
  name: string
  /** The URL of the API without a trailing slash. */
  url: string
  user: string
  password: string
}

interface ProviderRequest {
  method?: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: object
}

/**
 * Calls the API of a payment provider. Returns the JSON body of the response, or null if the body is not JSON.
 *
 * @throws HttpError 502 that names the provider if the request fails, times out or is not successful
 */
export async function callProvider(
  account: ProviderAccount,
  {method = 'POST', path, headers, body}: ProviderRequest,
): Promise<unknown> {
  const {name, url, user, password} = account
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      ...(body ? {'content-type': 'application/json'} : {}),
      ...headers,
    },
    ...(body ? {body: JSON.stringify(body)} : {}),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => unreachable(account, error))
  const content: unknown = await response.json().catch(() => null)
  if (!response.ok) {
    throw new HttpError(502, `${name} responded with HTTP ${response.status}${descriptionIn(content)}.`)
  }
  return content
}

function unreachable({name, url}: ProviderAccount, error: unknown): never {
  if (error instanceof Error && error.name === 'TimeoutError') {
    throw new HttpError(502, `${name} did not respond within ${TIMEOUT_MS / 1000} s.`)
  }
  // The message of the error itself is always "fetch failed"
  const cause = causeOf(error instanceof Error && error.cause ? error.cause : error)
  throw new HttpError(502, `${name} cannot be reached at ${new URL(url).origin}: ${cause}.`)
}

function descriptionIn(content: unknown): string {
  const description = (content as {description?: unknown} | null)?.description
  return typeof description === 'string' ? `: ${description}` : ''
}
