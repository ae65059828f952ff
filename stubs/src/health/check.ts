/** One thing outside of the process that has to work. */
export interface Check {
  /** The component's name in the health document, as Spring Boot calls it. */
  name: string
  /** Succeeds with details to show, or throws the cause. Stops when the signal aborts, if it can. */
  probe(signal: AbortSignal): Promise<Record<string, unknown>>
  close(): void | Promise<void>
}

type Status = 'UP' | 'DOWN'

export interface Component {
  status: Status
  details?: Record<string, unknown>
}

export interface Health {
  status: Status
  components: Record<string, Component>
}

/** Runs all checks at once; one that has not answered within the limit is DOWN, so this never hangs. */
export async function runChecks(checks: readonly Check[], limitMs: number): Promise<Health> {
  const results = await Promise.all(
    checks.map(async check => [check.name, await component(check, limitMs)] as const),
  )
  return healthOf(Object.fromEntries(results))
}

/** The health of several components together: UP when all are. */
export function healthOf(components: Record<string, Component>): Health {
  const up = Object.values(components).every(({status}) => status === 'UP')
  return {status: up ? 'UP' : 'DOWN', components}
}

async function component(check: Check, limitMs: number): Promise<Component> {
  const expired = AbortSignal.timeout(limitMs)
  try {
    const details = await Promise.race([check.probe(expired), rejectionOf(expired, limitMs)])
    return {status: 'UP', ...(Object.keys(details).length > 0 ? {details} : {})}
  } catch (error) {
    return {status: 'DOWN', details: {error: causeOf(error)}}
  }
}

function rejectionOf(expired: AbortSignal, limitMs: number): Promise<never> {
  return new Promise((_, reject) => {
    const error = new Error(`no answer within ${limitMs / 1000} s`)
    expired.addEventListener('abort', () => reject(error), {once: true})
  })
}

/** What went wrong in one line: the message only, since some libraries hang a command's arguments on the error. */
export function causeOf(error: unknown): string {
  // Node tries each address of a name, and says why only in the parts
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}

/** Throws why a fetch failed, which its own error hides in the cause: it says "fetch failed" alone. */
export function throwCause(error: Error): never {
  throw error.cause instanceof Error ? error.cause : error
}
