import {AquastreamError} from '../../errors.js'

/**
 * Splits a URL of PostgreSQL, or a string of keywords and values, into parameters, as libpq does (fe-connect.c). A later
 * value of a parameter replaces an earlier one.
 * @throws usage
 */
export function splitDatabaseUrl(text: string): Map<string, string> {
  const url = /^postgres(?:ql)?:\/\/(.*)$/s.exec(text)?.[1]
  if (url !== undefined) return splitUrl(url)
  if (/^\s*\w+\s*=/.test(text)) return splitKeywords(text)
  throw badUrl('it is not a PostgreSQL URL')
}

/** Creates the error of an invalid URL. The URL itself is not shown, because it can contain a password. */
export function badUrl(why: string): AquastreamError {
  return new AquastreamError('usage', `the database URL cannot be used: ${why}`, {
    hint: 'use the format postgresql://user@host:5432/database, with special characters encoded as %XX',
  })
}

/** The function conninfo_uri_parse_options of libpq. */
function splitUrl(url: string): Map<string, string> {
  const parts = new Map<string, string>()
  const set = (name: string, value: string): void => {
    if (value !== '') parts.set(name, decode(value))
  }
  const [, login, rest = ''] = /^(?:([^@/]*)@)?(.*)$/s.exec(url) ?? []
  const [, hosts = '', database = '', query] = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest) ?? []
  refuseUnencoded(login ?? '', {hosts, database, query: login === undefined ? query : undefined})
  if (login !== undefined) {
    const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(login) ?? []
    set('user', user)
    set('password', password)
  }
  const places = hosts.split(',').map(splitHost)
  // Of several hosts, any can be without a name or a port.
  for (const part of ['host', 'port'] as const)
    if (places.some(place => place[part] !== '')) set(part, places.map(place => place[part]).join(','))
  set('dbname', database)
  for (const pair of query?.split('&').filter(Boolean) ?? []) {
    const [name = '', value, extra] = pair.split('=')
    if (value === undefined || extra !== undefined) throw badUrl('a parameter is not of the form name=value')
    const isJdbc = name === 'ssl' && value === 'true'
    parts.set(isJdbc ? 'sslmode' : decode(name), isJdbc ? 'require' : decode(value))
  }
  return parts
}

/**
 * If a password contains one of these characters unencoded, libpq takes the rest of it for another part, which would be
 * shown.
 */
function refuseUnencoded(
  login: string,
  {hosts, database, query = ''}: {hosts: string; database: string; query: string | undefined},
): void {
  const isSplit = /^[^:]*\?/.test(login) || [hosts.slice(1), database, query].some(part => part.includes('@'))
  if (isSplit) throw badUrl('it contains a /, @ or ? that must be encoded')
}

function splitHost(text: string): {host: string; port: string} {
  const [, ipv6, name, port = ''] = /^(?:\[([^\]]+)\]|([^:[]*))(?::(.*))?$/s.exec(text) ?? []
  const host = ipv6 ?? name
  if (host === undefined) throw badUrl('an IPv6 address in it has no closing bracket')
  if (!/^\d*$/.test(port)) throw badUrl('a port in it is not a number')
  return {host, port}
}

/** Like decodeURIComponent, but a byte that is not UTF-8 is an error. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badUrl('a % in it is not followed by two hexadecimal digits')
  }
}

const PAIR = /\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?!')(?:[^\s\\]|\\.)*))(?=\s|$)/sy

/** The function conninfo_parse of libpq: values with spaces are in single quotes, and a backslash precedes ' and \. */
function splitKeywords(text: string): Map<string, string> {
  const parts = new Map<string, string>()
  const trimmed = text.trim()
  let at = 0
  while (at < trimmed.length) {
    PAIR.lastIndex = at
    const [pair, name, quoted, bare = ''] = PAIR.exec(trimmed) ?? []
    if (pair === undefined || name === undefined) throw badUrl('a parameter is not of the form name=value')
    parts.set(name, (quoted ?? bare).replace(/\\(.)/gs, '$1'))
    at += pair.length
  }
  return parts
}
