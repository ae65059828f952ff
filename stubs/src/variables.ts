/** Environment variables. An empty one counts as unset, because Compose passes `${UNSET:-}` as an empty string. */
export type Environment = Record<string, string | undefined>

/** An environment variable is missing or malformed. The message names the variable and never contains a secret. */
export class InvalidEnvironment extends Error {}

/**
 * Returns the value of a variable.
 *
 * @throws InvalidEnvironment if the variable is unset or empty
 */
export function required(env: Environment, variable: string): string {
  const value = env[variable]
  if (!value) throw new InvalidEnvironment(`${variable} is not set`)
  return value
}

/**
 * Parses the value of a variable as a port number.
 *
 * @throws InvalidEnvironment if the value is not an integer from 1 to 65535
 */
export function parsePort(variable: string, value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (number < 1 || number > 65_535) {
    throw new InvalidEnvironment(
      `${variable} must be a port number from 1 to 65535, not ${JSON.stringify(value)}`,
    )
  }
  return number
}

/**
 * Parses the value of a variable as the origin of a server. A URL with a path is rejected, because the gateway
 * forwards paths unchanged.
 *
 * @throws InvalidEnvironment if the value is not an http or https origin
 */
export function parseOrigin(variable: string, value: string): string {
  const url = parseUrl(value)
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.username) {
    throw new InvalidEnvironment(`${variable} must have the form http://HOST:PORT`)
  }
  return url.origin
}

/**
 * Checks that the value of a variable is an http or https URL, and returns it without trailing slashes.
 *
 * @throws InvalidEnvironment if it is not
 */
export function httpUrl(variable: string, value: string): string {
  if (!/^https?:$/.test(parseUrl(value)?.protocol ?? '')) {
    throw new InvalidEnvironment(`${variable} must be an http or https URL`)
  }
  return value.replace(/\/+$/, '')
}

/**
 * Returns a URL that the user's browser can open, without trailing slashes. `0.0.0.0`, the address of ports that are
 * published on all interfaces, is replaced with `localhost`.
 *
 * @throws InvalidEnvironment if the value is not an http or https URL
 */
export function publicUrl(variable: string, value: string): string {
  return httpUrl(variable, value).replace(/^(https?:\/\/)0\.0\.0\.0(?=[:/]|$)/i, '$1localhost')
}

/** Parses a URL; returns null if the value is not a URL. */
export function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null
}
