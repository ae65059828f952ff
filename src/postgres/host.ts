import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {type DatabaseUrl, parseDatabaseUrl} from '../config/database-url/database-url.js'
import {AquastreamError} from '../errors.js'
import {execa} from '../system/execa.js'
import {reasonOf} from '../system/files/file-errors.js'
import type {Program} from '../system/program.js'
import {startOnHost} from '../system/program.js'
import {which} from '../system/which.js'

/**
 * Returns the client tools of this machine, connected to the server of a URL. The URL is passed to libpq in its environment
 * variables, because every user can read the arguments of a process.
 * https://www.postgresql.org/docs/current/libpq-envars.html
 * @param typed whether the URL was given as an argument, which must not contain a password
 * @throws usage, tool-missing, tool-too-old, file-unwritable
 */
export async function hostPrograms(
  text: string,
  {typed}: {typed: boolean},
): Promise<{name: string; start: (program: string[], env: Record<string, string>) => Program}> {
  const url = parseDatabaseUrl(text)
  if (typed && url.secrets.length > 0) {
    throw new AquastreamError('usage', 'a password in --database-url is visible in the process list', {
      hint: 'set DATABASE_URL instead, or provide the password in PGPASSWORD or ~/.pgpass',
    })
  }
  await requireTools()
  await requireVersion(url)
  const variables = {
    ...withFullPaths({...credentials(), ...url.variables}),
    ...serviceFor(url),
    // All connections of a command have to reach the same server.
    PGLOADBALANCEHOSTS: 'disable',
  }
  return {
    name: url.name,
    start: (program, env) => startOnHost(program, {...variables, ...env}),
  }
}

/**
 * Selects variables of the shell that authenticate the user or protect the connection. A variable that selects a server,
 * a database or a service does not pass: libpq would combine it with the URL, and reach another server than the one that
 * is named.
 */
function credentials(): Record<string, string> {
  const wanted =
    /^(?:KRB5\w*|PGPASSWORD|PGPASSFILE|PGSSL\w+|PGREQUIREAUTH|PGCHANNELBINDING|PGGSSENCMODE|PGKRBSRVNAME|PGGSSLIB|PGCONNECT_TIMEOUT)$/
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      wanted.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  )
}

async function requireTools(): Promise<void> {
  const found = await Promise.all(TOOLS.map(async tool => ((await which(tool)) === undefined ? [tool] : [])))
  const [missing] = found.flat()
  if (missing === undefined) return
  throw new AquastreamError('tool-missing', `${missing} was not found on this machine`, {
    hint: 'install the PostgreSQL client tools, in a version not older than the server: https://www.postgresql.org/download/',
  })
}

const TOOLS = ['psql', 'pg_dump', 'pg_dumpall', 'gzip']

/** An older libpq ignores the environment variable of a newer parameter, which may be one that protects the connection. */
async function requireVersion({newest}: DatabaseUrl): Promise<void> {
  if (!newest) return
  const {stdout} = await execa('psql', ['--version'])
  const major = Number(/\d+/.exec(stdout)?.[0])
  if (major >= newest.since) return
  throw new AquastreamError(
    'tool-too-old',
    `the parameter ${newest.name} of the database URL requires psql ${newest.since} or newer, but the installed psql is version ${major}`,
    {hint: `install the PostgreSQL client tools of version ${newest.since}, or remove the parameter`},
  )
}

const PATHS = ['PGSSLROOTCERT', 'PGSSLCERT', 'PGSSLKEY', 'PGSSLCRL', 'PGSSLCRLDIR', 'PGPASSFILE']

/** The tools do not run in the current directory, from which psql would read relative paths. */
function withFullPaths(variables: Record<string, string>): Record<string, string> {
  const isPath = (name: string, value: string): boolean =>
    PATHS.includes(name) && value !== '' && value !== 'system' && !/^\w+:/.test(value)
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, isPath(name, value) ? resolve(value) : value]),
  )
}

/**
 * Returns variables that make libpq read the parameters without an environment variable of their own: it reads them from
 * a service file, which is removed when this process exits.
 * https://www.postgresql.org/docs/current/libpq-pgservice.html
 */
function serviceFor({others}: DatabaseUrl): Record<string, string> {
  const lines = Object.entries(others).map(([name, value]) => `${name}=${value}\n`)
  if (lines.length === 0) return {}
  try {
    const directory = mkdtempSync(join(tmpdir(), 'aquastream-'))
    process.once('exit', () => {
      rmSync(directory, {recursive: true, force: true})
    })
    const path = join(directory, 'service.conf')
    writeFileSync(path, `[aquastream]\n${lines.join('')}`, {mode: 0o600})
    return {PGSERVICE: 'aquastream', PGSERVICEFILE: path}
  } catch (error) {
    throw new AquastreamError('file-unwritable', `${tmpdir()} cannot be written: ${reasonOf(error)}`, {
      hint: 'set TMPDIR to a writable directory',
      cause: error,
    })
  }
}
