import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {dataDirectory} from '../../../config/state.js'

/** Where one stack keeps everything: data, logs, and what tells of its processes. */
export interface Home {
  path: string
  /** The data of a service, such as `postgres`. */
  data(service: string): string
  log(service: string): string
  /** Which process runs a service; `supervisor` is one too. */
  record(service: string): string
  records: string
  socket: string
  /** Held while a supervisor is started or ended. */
  lock: string
  /** What is being deleted. */
  deleted: string
}

/**
 * The home of a project; it may not be there yet.
 * @throws state-directory
 */
export function homeOf(project: string, env: NodeJS.ProcessEnv): Home {
  return homeAt(dataDirectory(env), project)
}

/** Where nothing can be kept, nothing runs; who starts something is told why. */
export function findHome(project: string, env: NodeJS.ProcessEnv): Home | undefined {
  try {
    return homeOf(project, env)
  } catch {
    return undefined
  }
}

/** The same by its place. */
export function homeAt(base: string, project: string): Home {
  const path = join(base, project)
  return {
    path,
    socket: join(path, 'supervisor.sock'),
    records: join(path, 'run'),
    data: service => join(path, service),
    log: service => join(path, 'logs', `${service}.log`),
    record: service => join(path, 'run', `${service}.json`),
    lock: join(base, `.${project}.lock`),
    deleted: join(base, `.${project}.deleted`),
  }
}

/** Where services have data, also what an earlier deletion has not come to. */
export async function dataIn(home: Home): Promise<string[]> {
  const found = await Promise.all([home.path, home.deleted].map(dataBelow))
  return found.flat()
}

async function dataBelow(path: string): Promise<string[]> {
  const names = await readdir(path).catch(() => [])
  return names
    .filter(name => DATA.includes(name))
    .sort()
    .map(name => join(path, name))
}

const DATA = ['minio', 'postgres', 'redis']
