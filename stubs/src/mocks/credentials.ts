/** Returns whether an Authorization header contains these HTTP Basic credentials. */
export function matchesBasicAuth(header: string | undefined, user: string, password: string): boolean {
  const given = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1]
  return given !== undefined && Buffer.from(given, 'base64').toString() === `${user}:${password}`
}
