import {execa} from '../system/execa.js'
import {parseDatabaseUrl} from '../config/database-url.js'
import {AquastreamError} from '../errors.js'
import type {Program} from '../system/program.js'
import {startOnHost} from '../system/program.js'

/**
 * Returns the client tools of this machine, connected to the server of a URL. The URL is passed in the environment
 * variables of libpq, because every user can read the arguments of a process.
 * https://www.postgresql.org/docs/current/libpq-envars.html
 * @param typed whether the URL was given as an argument, which must not contain a password
 * @throws usage, tool-missing
 */
export async function hostPrograms(
  url: string,
  {typed}: {typed: boolean},
): Promise<{name: string; start: (program: string[], env: Record<string, string>) => Program}> {
  const {name, variables} = parseDatabaseUrl(url)
  if (typed && variables.PGPASSWORD !== undefined) {
    throw new AquastreamError('usage', 'a password in --database-url is visible in the process list', {
      hint: 'set DATABASE_URL instead, or provide the password in PGPASSWORD or ~/.pgpass',
    })
  }
  await requireTools()
  return {
    name,
    start: (program, env) => startOnHost(program, {...variables, ...env}),
  }
}

async function requireTools(): Promise<void> {
  const firstMissing = 'for tool; do command -v "$tool" >/dev/null || { printf "%s" "$tool"; exit; }; done'
  const {stdout: tool} = await execa('sh', ['-c', firstMissing, 'sh', ...TOOLS])
  if (tool === '') return
  throw new AquastreamError('tool-missing', `${tool} was not found on this machine`, {
    hint: 'install the PostgreSQL client tools, in a version not older than the server: https://www.postgresql.org/download/',
  })
}

const TOOLS = ['psql', 'pg_dump', 'pg_dumpall', 'gzip']
