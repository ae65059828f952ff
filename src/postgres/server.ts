import {readFile} from 'node:fs/promises'
import {findValue} from '../config/layers.js'
import {findProfile, openStack, type StackRequest} from '../engines/open.js'
import type {Program} from '../system/program.js'
import {hostPrograms} from './host.js'

/** A PostgreSQL server, and how to run a script where its client tools are. */
export interface Server {
  /** The name of the server in messages; it contains no password. */
  name: string
  /** Starts backup.sh or restore.sh of infra/backup in its `--stream` mode. */
  run(script: Script, args: string[], options?: RunOptions): Program
}

type Script = 'backup' | 'restore'

/** Connection parameters and environment of a script. */
export interface RunOptions {
  /** The database to connect to; by default the one of the URL or the stack. */
  database?: string | undefined
  /** The application_name of the connection, which pg_stat_activity shows. */
  application?: string
  env?: Record<string, string>
}

/** Selects the server of a command. */
export interface ServerRequest extends StackRequest {
  /** The URL of `--database-url`; if undefined, the setting DATABASE_URL is used, else the running stack. */
  databaseUrl: string | undefined
}

/**
 * Finds the server of a command.
 * @throws usage, not-healthy, tool-missing; also the errors of the engine
 */
export async function reachServer(request: ServerRequest): Promise<Server> {
  const scripts = {backup: await scriptText('backup'), restore: await scriptText('restore')}
  const {name, start} = await findPlace(request)
  return {
    name,
    run(script, args, {database, application, env} = {}) {
      const variables = {
        ...env,
        ...(database !== undefined && {PGDATABASE: database}),
        ...(application !== undefined && {PGAPPNAME: application}),
      }
      return start(['sh', '-c', scripts[script], `${script}.sh`, '--stream', ...args], variables)
    },
  }
}

interface Place {
  name: string
  start: (program: string[], env: Record<string, string>) => Program
}

async function findPlace(request: ServerRequest): Promise<Place> {
  const profile = await findProfile(request)
  const url = request.databaseUrl ?? (await findValue({...request, profile}, 'DATABASE_URL'))
  if (url !== undefined) return hostPrograms(url, {typed: request.databaseUrl !== undefined})
  const {engine, project} = await openStack({...request, profile})
  return {name: `postgres of ${project}`, start: await engine.besidePostgres()}
}

function scriptText(name: Script): Promise<string> {
  return readFile(new URL(`../../infra/backup/${name}.sh`, import.meta.url), 'utf8')
}
