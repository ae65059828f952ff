import {AquastreamError} from '../errors.js'

/**
 * Supported parameters of a URL, and their environment variables.
 * https://www.postgresql.org/docs/current/libpq-envars.html
 */
const PARAMETERS: Record<string, string> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  dbname: 'PGDATABASE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcrl: 'PGSSLCRL',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  channel_binding: 'PGCHANNELBINDING',
  gssencmode: 'PGGSSENCMODE',
  options: 'PGOPTIONS',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
}

/**
 * Converts a PostgreSQL URL into environment variables of libpq, and a name for messages, without the password.
 * @throws usage
 */
export function parseDatabaseUrl(text: string): {name: string; variables: Record<string, string>} {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['postgresql:', 'postgres:'].includes(url.protocol)) throw badUrl('it is not a PostgreSQL URL')
  // If a password contains one of these unencoded, the rest of it would be parsed as another part, which is shown.
  if (/[/@]/.test(url.pathname.slice(1)) || url.hash !== '' || url.search.includes('@'))
    throw badUrl('it contains a /, @, # or ? that must be encoded')
  const unknown = [...url.searchParams.keys()].find(key => !(key in PARAMETERS))
  if (unknown !== undefined) throw badUrl(`the parameter ${JSON.stringify(unknown)} is not supported`)
  const variables: Record<string, string> = {}
  const set = (name: string, value: string): void => {
    if (value !== '') variables[name] = decode(value)
  }
  set('PGHOST', url.hostname.replace(/^\[(.*)\]$/, '$1'))
  set('PGPORT', url.port)
  set('PGUSER', url.username)
  set('PGPASSWORD', url.password)
  set('PGDATABASE', url.pathname.slice(1))
  for (const [key, value] of url.searchParams) variables[PARAMETERS[key]!] = value
  const {PGHOST: host = 'localhost', PGPORT: port = '5432', PGDATABASE: database} = variables
  return {name: `${host}:${port}${database === undefined ? '' : `/${database}`}`, variables}
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badUrl('a % in it is not followed by two hexadecimal digits')
  }
}

/** Returns whether a text is a valid URL without a password, which may be shown. */
export function isShowable(url: string): boolean {
  try {
    return parseDatabaseUrl(url).variables.PGPASSWORD === undefined
  } catch {
    return false
  }
}

/** Creates the error of an invalid URL. The URL itself is not shown, because it can contain a password. */
function badUrl(why: string): AquastreamError {
  return new AquastreamError('usage', `the database URL cannot be used: ${why}`, {
    hint: 'use the format postgresql://user@host:5432/database, with special characters encoded as %XX',
  })
}
