/** The variables as given; an empty one counts as absent, since Compose passes `${UNSET:-}` as empty. */
export type Environment = Record<string, string | undefined>

/** A variable is missing or malformed; the message names it and never holds a secret. */
export class InvalidEnvironment extends Error {}

/** The value, which has to be there. */
export function required(env: Environment, variable: string): string {
  const value = env[variable]
  if (!value) throw new InvalidEnvironment(`${variable} is not set`)
  return value
}

/** The value as a port number. */
export function port(variable: string, value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (number < 1 || number > 65_535) {
    throw new InvalidEnvironment(`${variable} is not a port from 1 to 65535: ${JSON.stringify(value)}`)
  }
  return number
}

/** The origin of a URL that is nothing more, so that paths are kept as they come. */
export function origin(variable: string, value: string): string {
  const url = parseUrl(value)
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.username) {
    throw new InvalidEnvironment(`${variable} is not of the form http://HOST:PORT`)
  }
  return url.origin
}

/** The value as an http(s) URL, without a slash at the end. */
export function httpUrl(variable: string, value: string): string {
  if (!/^https?:$/.test(parseUrl(value)?.protocol ?? '')) {
    throw new InvalidEnvironment(`${variable} is not a URL like http://HOST:PORT`)
  }
  return value.replace(/\/+$/, '')
}

/**
 * A URL that a person's browser opens, without a slash at the end. Ports that are published on every address are
 * reached at one of them.
 */
export function publicUrl(variable: string, value: string): string {
  return httpUrl(variable, value).replace(/^(https?:\/\/)0\.0\.0\.0(?=[:/]|$)/i, '$1localhost')
}

/** The value as a URL, or null. */
export function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null
}
