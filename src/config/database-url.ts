import {AquastreamError} from '../errors.js'

/** https://www.postgresql.org/docs/current/libpq-envars.html */
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
 * A URL of PostgreSQL as variables of libpq, and a name for people without the password.
 * @throws usage
 */
export function parseDatabaseUrl(text: string): {name: string; variables: Record<string, string>} {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['postgresql:', 'postgres:'].includes(url.protocol)) throw badUrl('it is no URL of PostgreSQL')
  // Of a password with one of these, what follows would be taken for something that may be shown.
  if (/[/@]/.test(url.pathname.slice(1)) || url.hash !== '' || url.search.includes('@'))
    throw badUrl('it has a / or @ or # or ? in the wrong place')
  const unknown = [...url.searchParams.keys()].find(key => !(key in PARAMETERS))
  if (unknown !== undefined) throw badUrl(`it has a parameter ${JSON.stringify(unknown)}`)
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
    throw badUrl('a % in it is not followed by two digits')
  }
}

/** Whether a text is a URL that can be used, without a password: such a one may be shown. */
export function isShowable(url: string): boolean {
  try {
    return parseDatabaseUrl(url).variables.PGPASSWORD === undefined
  } catch {
    return false
  }
}

/** The URL itself is not shown: it may hold a password. */
function badUrl(why: string): AquastreamError {
  return new AquastreamError('usage', `the database URL cannot be used: ${why}`, {
    hint: 'write it as postgresql://user@host:5432/database; encode other characters as %XX',
  })
}
