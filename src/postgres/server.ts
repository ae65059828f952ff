import {readFile} from 'node:fs/promises'
import type {StackContext} from '../engines/stack-context.js'
import type {Program} from '../system/program.js'
import {hostPrograms} from './host.js'

/** A PostgreSQL server, and how to run a script where its client tools are. */
export interface Server {
  /** The name of the server in messages; it contains no password. */
  name: string
  /**
   * True if the connection may go through a connection pooler; false once a session has been verified to keep its
   * backend.
   */
  mayBePooled: boolean
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

/**
 * Finds the server of a command: that of the database URL, otherwise that of the running stack.
 * @throws usage, not-healthy, tool-missing, settings-invalid; also the errors of the engine
 */
export async function reachServer(stack: StackContext): Promise<Server> {
  const scripts = {backup: await scriptText('backup'), restore: await scriptText('restore')}
  const {name, start} = await findConnection(stack)
  return {
    name,
    mayBePooled: stack.databaseUrl !== undefined,
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

/** Returns the server with a limit, in seconds, on how long its scripts wait for locks on tables that are in use. */
export function withLockTimeout(server: Server, seconds: number): Server {
  return {
    ...server,
    run: (script, args, options = {}) =>
      server.run(script, args, {...options, env: {LOCK_TIMEOUT: String(seconds), ...options.env}}),
  }
}

interface Connection {
  name: string
  start: (program: string[], env: Record<string, string>) => Program
}

async function findConnection(stack: StackContext): Promise<Connection> {
  const {databaseUrl} = stack
  if (databaseUrl) return hostPrograms(databaseUrl.url, databaseUrl)
  // A command with a database URL needs no engine, and loads none.
  const {openEngine} = await import('../engines/open.js')
  const engine = await openEngine(stack)
  return {name: `postgres of ${stack.project}`, start: await engine.execIn('postgres')}
}

function scriptText(name: Script): Promise<string> {
  return readFile(new URL(`../../infra/backup/${name}.sh`, import.meta.url), 'utf8')
}
