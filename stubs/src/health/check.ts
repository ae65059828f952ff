/** The check of one dependency of the service, such as its database. */
export interface HealthCheck {
  /** The name of the component in the health document, as in Spring Boot. */
  name: string
  /**
   * Checks the dependency and returns details for the health document. The signal aborts at the time limit.
   *
   * @throws Error whose message states the cause of the failure
   */
  probe(signal: AbortSignal): Promise<Record<string, unknown>>
  close(): void | Promise<void>
}

type HealthStatus = 'UP' | 'DOWN'

/** The status of one dependency in the health document. */
export interface Component {
  status: HealthStatus
  details?: Record<string, unknown>
}

/** The health document of Spring Boot's actuator. */
export interface Health {
  status: HealthStatus
  components: Record<string, Component>
}

/** Runs all checks concurrently. A check that exceeds the time limit is DOWN, so this never hangs. */
export async function runChecks(checks: readonly HealthCheck[], limitMs: number): Promise<Health> {
  const results = await Promise.all(
    checks.map(async check => [check.name, await runCheck(check, limitMs)] as const),
  )
  return healthOf(Object.fromEntries(results))
}

/** Combines components into a health document, which is UP if all components are UP. */
export function healthOf(components: Record<string, Component>): Health {
  const up = Object.values(components).every(({status}) => status === 'UP')
  return {status: up ? 'UP' : 'DOWN', components}
}

async function runCheck(check: HealthCheck, limitMs: number): Promise<Component> {
  const expired = AbortSignal.timeout(limitMs)
  try {
    const details = await Promise.race([check.probe(expired), rejectOnAbort(expired, limitMs)])
    return {status: 'UP', ...(Object.keys(details).length > 0 ? {details} : {})}
  } catch (error) {
    return {status: 'DOWN', details: {error: causeOf(error)}}
  }
}

function rejectOnAbort(expired: AbortSignal, limitMs: number): Promise<never> {
  return new Promise((_, reject) => {
    const error = new Error(`no response within ${limitMs / 1000} s`)
    expired.addEventListener('abort', () => reject(error), {once: true})
  })
}

/**
 * Returns the cause of an error in one line. Only the message is used, because some libraries add the arguments of a
 * command to their errors.
 */
export function causeOf(error: unknown): string {
  // Node tries each address of a host name; only the errors of the single attempts have a message
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}

/** Throws the cause of a failed fetch. The message of the error itself is always "fetch failed". */
export function throwCause(error: Error): never {
  throw error.cause instanceof Error ? error.cause : error
}
