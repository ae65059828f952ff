import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {dataDirectory} from '../../../config/state.js'

/** The directory of one stack, with its data, its logs and the records of its processes. */
export interface StackDirectory {
  path: string
  /** The data directory of a service, such as `postgres`. */
  data(service: string): string
  log(service: string): string
  /** The file that records the process of a service, or of `supervisor`. */
  record(service: string): string
  records: string
  socket: string
  /** The lock that is held while a supervisor is started or stopped. */
  lock: string
  /** The directory that is being deleted. */
  deleted: string
}

/**
 * Returns the stack directory of a project, which may not exist yet.
 * @throws state-directory: the user has no home directory
 */
export function stackDirectoryOf(project: string, env: NodeJS.ProcessEnv): StackDirectory {
  return stackDirectoryAt(dataDirectory(env), project)
}

/** Returns the stack directory of a project; undefined without a state directory, since nothing can be running then. */
export function findStackDirectory(project: string, env: NodeJS.ProcessEnv): StackDirectory | undefined {
  try {
    return stackDirectoryOf(project, env)
  } catch {
    return undefined
  }
}

/** Returns the stack directory of a project below a base directory. */
export function stackDirectoryAt(base: string, project: string): StackDirectory {
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

/** Returns the existing data directories of services, including those that an interrupted deletion has left. */
export async function dataIn(stackDirectory: StackDirectory): Promise<string[]> {
  const found = await Promise.all([stackDirectory.path, stackDirectory.deleted].map(dataBelow))
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
