import {delimiter} from 'node:path'
import {AquastreamError} from '../../errors.js'
import type {Program} from '../../system/program.js'
import {startOnHost} from '../../system/program.js'
import {which} from '../../system/which.js'
import {notRunning} from '../not-running.js'
import {askDatabase, isListening} from './client.js'
import type {Home} from './home/home.js'

/**
 * Starts programs of this machine, for the server of the home. Its own psql and pg_dump come first: those of PATH may be
 * older than it.
 *
 * @throws not-healthy, tool-missing
 */
export async function besidePostgres(
  home: Home,
  project: string,
  unasked: string | undefined,
): Promise<(program: string[], env: Record<string, string>) => Program> {
  const database = (await isListening(home)) ? await askDatabase(home) : null
  if (!database) {
    const {code, message} = notRunning(`postgres of ${project}`, 'dev', unasked)
    throw new AquastreamError(code, message, {
      hint: 'start it: aquastream env:up --profile dev --service postgres; for another server set DATABASE_URL',
    })
  }
  const {bin, host, port, user, password, name} = database
  const path = [bin, process.env.PATH].join(delimiter)
  if (!(await which('pg_dump', path))) {
    throw new AquastreamError('tool-missing', `${bin} has PostgreSQL's server and not its client tools`, {
      hint: 'install PostgreSQL, such as with apt install postgresql, then aquastream env:down --profile dev and aquastream env:up --profile dev',
    })
  }
  const server = {
    PATH: path,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: name,
  }
  return (program, env) => startOnHost(program, {...withoutOwnServer(), ...server, ...env})
}

/** What the user has set for another server is not meant for this one. */
function withoutOwnServer(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter(name => name.startsWith('PG'))
  return Object.fromEntries(names.map(name => [name, undefined]))
}
