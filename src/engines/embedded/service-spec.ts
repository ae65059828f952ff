import {createHash} from 'node:crypto'
import type {Owner} from './postgres/owner.js'

/** What the supervisor runs for one service, or why the service is skipped. */
export interface ServiceSpec {
  service: string
  /** Program and version for display, such as `postgres 15.18`. */
  image: string
  stub: boolean
  /** Services that must be ready first. */
  needs: string[]
  /** Addresses by port of the service, as in ServiceState. */
  published: Record<number, string>
  run: Run | {skipped: string}
}

/** The services that a supervisor is to run, and those of them that it stops first even if they are unchanged. */
export interface RunOrder {
  specs: ServiceSpec[]
  /** Names; also of services that run already and are not among the specs. */
  restart: string[]
}

export interface Run {
  program: string[]
  /** The complete environment. */
  env: Record<string, string>
  /** The working directory, which is created if necessary. */
  directory: string
  /** The standard input. */
  input?: string
  /** The user that runs it; undefined: the current user. */
  owner?: Owner | undefined
  /** The signal that stops it. */
  stop: 'SIGINT' | 'SIGTERM'
  health: HealthCheck
  /** The database to create before the start. */
  database?: Database
  /** Subdirectories of the directory to create before the start. */
  folders?: string[]
}

export type HealthCheck =
  | {by: 'http'; url: string}
  | {by: 'redis'; host: string; port: number; password: string}
  | {by: 'postgres'; host: string; port: number; user: string; database: string}

/** A database, with the user and the password to set. */
export interface Database {
  /** The directory of the PostgreSQL programs. */
  bin: string
  /** The data directory. */
  data: string
  name: string
  user: string
  password: string
  host: string
  port: number
}

/** The variables that come from the shell of the user; npx changes PATH with every directory. */
const OF_SHELL = ['PATH', 'LD_LIBRARY_PATH']

/**
 * Returns a hash of the definition: if it is unchanged, the service keeps running. Another shell is no change, because the
 * programs are defined by their paths.
 */
export function fingerprint(spec: ServiceSpec): string {
  const text = JSON.stringify(spec, (name, value: unknown) => (OF_SHELL.includes(name) ? undefined : value))
  return createHash('sha256').update(text).digest('hex')
}
