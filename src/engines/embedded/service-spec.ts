import {createHash} from 'node:crypto'
import type {Owner} from './postgres/owner.js'

/** What the supervisor is to run for one service, or that it is skipped. */
export interface Work {
  service: string
  /** What it is, for people: `postgres 15.18`. */
  image: string
  stub: boolean
  /** Services that have to be ready first. */
  needs: string[]
  /** Addresses by port of the service, as ServiceState has them. */
  published: Record<number, string>
  run: Run | {skipped: string}
}

export interface Run {
  program: string[]
  /** All that it sees of an environment. */
  env: Record<string, string>
  /** Where it works; made for it if need be. */
  directory: string
  /** What it reads from its standard input. */
  input?: string
  /** The user that it runs as; ours when absent. */
  owner?: Owner | undefined
  /** How it is asked to end. */
  stop: 'SIGINT' | 'SIGTERM'
  health: HealthCheck
  /** The database that has to be there first. */
  database?: Database
  /** Folders below the directory that have to be there first. */
  folders?: string[]
}

export type HealthCheck =
  | {by: 'http'; url: string}
  | {by: 'redis'; host: string; port: number; password: string}
  | {by: 'postgres'; host: string; port: number; user: string; database: string}

/** A database, and the user and password that it is to be reached by from now on. */
export interface Database {
  /** The folder of PostgreSQL's programs. */
  bin: string
  /** The data directory. */
  data: string
  name: string
  user: string
  password: string
  host: string
  port: number
}

/** One word for all of it: the same again means that nothing has to change. */
export function fingerprint(work: Work): string {
  return createHash('sha256').update(JSON.stringify(work)).digest('hex')
}
