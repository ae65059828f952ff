import {causeOf} from '../../health/check.js'
import {Refusal} from '../../http/problem.js'

const ANSWER_LIMIT_MS = 10_000

/** An account at a provider of payments. */
export interface Account {
  /** As people know the provider. */
  name: string
  /** Of its API, without a slash at the end. */
  url: string
  user: string
  password: string
}

interface Question {
  method?: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: object
}

/** The JSON that a provider answers. @throws Refusal 502 that names the provider, whatever goes wrong with it */
export async function ask(
  account: Account,
  {method = 'POST', path, headers, body}: Question,
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
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  }).catch((error: unknown) => unreachable(account, error))
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) throw new Refusal(502, `${name} answers ${response.status}${reasonIn(answer)}.`)
  return answer
}

function unreachable({name, url}: Account, error: unknown): never {
  if (error instanceof Error && error.name === 'TimeoutError') {
    throw new Refusal(502, `${name} did not answer within ${ANSWER_LIMIT_MS / 1000} s.`)
  }
  // fetch says "fetch failed" and hides the reason in the cause
  const cause = causeOf(error instanceof Error && error.cause ? error.cause : error)
  throw new Refusal(502, `${name} cannot be reached at ${new URL(url).origin}: ${cause}.`)
}

function reasonIn(answer: unknown): string {
  const description = (answer as {description?: unknown} | null)?.description
  return typeof description === 'string' ? `: ${description}` : ''
}
