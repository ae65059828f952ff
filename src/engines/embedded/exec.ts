import {delimiter} from 'node:path'
import {AquastreamError} from '../../errors.js'
import type {Program} from '../../system/program.js'
import {startOnHost} from '../../system/program.js'
import {which} from '../../system/which.js'
import {notRunning} from '../not-running.js'
import {askDatabase, isListening} from './client.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'

/**
 * Returns a function that starts programs of this machine for the server of a stack. Its own psql and pg_dump take
 * precedence over those on PATH, which may be older than the server.
 *
 * @throws not-healthy, tool-missing
 */
export async function execInPostgres(
  stackDirectory: StackDirectory,
  project: string,
  dockerProblem: string | undefined,
): Promise<(program: string[], env: Record<string, string>) => Program> {
  const database = (await isListening(stackDirectory)) ? await askDatabase(stackDirectory) : null
  if (!database) {
    const {code, message} = notRunning(`postgres of ${project}`, 'dev', dockerProblem)
    throw new AquastreamError(code, message, {
      hint: 'start it: aquastream env:up --profile dev --service postgres; to use another server, set DATABASE_URL',
    })
  }
  const {bin, host, port, user, password, name} = database
  const path = [bin, process.env.PATH].join(delimiter)
  if (!(await which('pg_dump', path))) {
    throw new AquastreamError(
      'tool-missing',
      `${bin} contains the PostgreSQL server, but not its client tools`,
      {
        hint: 'install PostgreSQL (for example: apt install postgresql), then restart the stack: aquastream env:down --profile dev, aquastream env:up --profile dev',
      },
    )
  }
  const server = {
    PATH: path,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: name,
  }
  return (program, env) => startOnHost(program, {...server, ...env})
}
