import {readFile} from 'node:fs/promises'
import {findValue} from '../config/layers.js'
import {findProfile, openStack, type StackRequest} from '../engines/open.js'
import type {Program} from '../system/program.js'
import {hostPrograms} from './host.js'

/** Where a PostgreSQL server is, and how to run a script beside it. */
export interface Server {
  /** For people; without a password. */
  name: string
  /** Starts a shell script of infra/backup in its `--stream` mode. */
  run(script: Script, args: string[], options?: RunOptions): Program
}

type Script = 'backup' | 'restore'

export interface RunOptions {
  /** Another database than the usual one. */
  database?: string | undefined
  /** What the server calls the connection: pg_stat_activity shows it. */
  application?: string
  env?: Record<string, string>
}

export interface ServerRequest extends StackRequest {
  /** Of `--database-url`; else DATABASE_URL counts, else the running stack. */
  databaseUrl: string | undefined
}

/**
 * Finds the server that a command is about.
 * @throws usage, not-healthy, tool-missing, and what the engine throws
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
