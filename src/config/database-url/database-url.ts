import {AquastreamError} from '../../errors.js'
import {type Parameter, PARAMETERS} from './parameters.js'
import {badUrl, splitDatabaseUrl} from './syntax.js'

/** How to connect to a database server. */
export interface DatabaseUrl {
  /** Hosts, ports and database, for messages. */
  name: string
  /** Environment variables of libpq. */
  variables: Record<string, string>
  /** Parameters for which libpq has no environment variable. */
  others: Record<string, string>
  /** The parameter that needs the newest libpq; undefined if every supported version has all of them. */
  newest: {name: string; since: number} | undefined
  secrets: string[]
}

/**
 * Parses a URL of PostgreSQL, or a string of keywords and values: whatever psql accepts is accepted. Quotes around it are
 * ignored, because `docker run --env-file` does not remove them.
 * @throws usage
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const parts = splitDatabaseUrl(text.trim().replace(/^(["'])(.*)\1$/s, '$2'))
  const parameters = [...parts].map(([name, value]) => ({name, value, ...describe(name)}))
  if (parameters.some(({value}) => /[\0\n\r]/.test(value))) throw badUrl('it contains a line break')
  const [newest] = parameters.toSorted((a, b) => (b.since ?? 0) - (a.since ?? 0))
  return {
    name: nameOf(parts),
    variables: Object.fromEntries(
      parameters.flatMap(({variable, value}) => (variable === undefined ? [] : [[variable, value]])),
    ),
    others: Object.fromEntries(
      parameters.flatMap(({name, variable, value}) => (variable === undefined ? [[name, value]] : [])),
    ),
    newest: newest?.since === undefined ? undefined : {name: newest.name, since: newest.since},
    secrets: parameters.filter(({isSecret}) => isSecret).map(({value}) => value),
  }
}

/** Returns whether a text is a valid URL without a password, which may be shown. */
export function isShowable(url: string): boolean {
  try {
    return parseDatabaseUrl(url).secrets.length === 0
  } catch {
    return false
  }
}

function describe(name: string): Parameter {
  const known = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
  if (known) return known
  const quoted = JSON.stringify(name)
  if (name !== 'service' && name !== 'servicefile' && name !== 'replication')
    throw badUrl(`libpq has no parameter ${quoted}`)
  throw new AquastreamError('usage', `the parameter ${quoted} of the database URL is not supported`, {
    hint: 'write the host, port, user and database into the URL',
  })
}

function nameOf(parts: Map<string, string>): string {
  const hosts = (parts.get('host') || parts.get('hostaddr') || 'localhost').split(',')
  const ports = (parts.get('port') ?? '').split(',')
  const places = hosts.map((host, index) => {
    const port = (ports.length > 1 ? ports[index] : ports[0]) || '5432'
    return `${host.includes(':') ? `[${host}]` : host || 'localhost'}:${port}`
  })
  const database = parts.get('dbname')
  return `${places.join(',')}${database ? `/${database}` : ''}`
}
