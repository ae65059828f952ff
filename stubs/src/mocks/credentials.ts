/** Whether an Authorization header is HTTP Basic with this name and password. */
export function isBasic(header: string | undefined, name: string, password: string): boolean {
  const given = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1]
  return given !== undefined && Buffer.from(given, 'base64').toString() === `${name}:${password}`
}
