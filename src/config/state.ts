import {homedir} from 'node:os'
import {dirname, isAbsolute, join} from 'node:path'
import {AquastreamError} from '../errors.js'
import {createDirectory} from '../system/files/create-directory.js'
import {reasonOf} from '../system/files/file-errors.js'

/**
 * Returns the state directory of aquastream: `$XDG_STATE_HOME/aquastream`, or `~/.local/state/aquastream`
 * (XDG Base Directory Specification 0.8). The directory may not exist yet.
 *
 * @throws state-directory: the user has no home directory
 */
export function statePath(env: NodeJS.ProcessEnv): string {
  return join(base(env), 'aquastream')
}

/**
 * Creates the state directory if necessary, accessible only to the user, and returns its path.
 * @throws state-directory
 */
export async function stateDirectory(env: NodeJS.ProcessEnv): Promise<string> {
  const path = statePath(env)
  // Under root, the user that PostgreSQL runs as must be able to traverse the parent directory.
  if (process.getuid?.() === 0) await createStateDirectory(dirname(path), 0o711)
  await createStateDirectory(path, 0o700)
  return path
}

/**
 * Creates a directory for state or data, and its missing parents with the same mode.
 * @throws state-directory
 */
export async function createStateDirectory(path: string, mode: number): Promise<void> {
  await createDirectory(path, mode).catch((error: unknown) => {
    throw stateDirectoryError(path, error)
  })
}

/** Creates the error `state-directory` for a directory that cannot be created. */
export function stateDirectoryError(path: string, error: unknown): AquastreamError {
  return new AquastreamError('state-directory', `${path} cannot be created: ${reasonOf(error)}`, {
    hint: 'set XDG_STATE_HOME to a writable directory',
    cause: error,
  })
}

/**
 * Returns the directory that holds the data of stacks on the embedded engine; does not create it. For root it is
 * outside root's home directory, because PostgreSQL then runs as another user, who may not enter that directory.
 *
 * @throws state-directory: the user has no home directory
 */
export function dataDirectory(env: NodeJS.ProcessEnv): string {
  const isGiven = env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME)
  return process.getuid?.() === 0 && !isGiven ? '/var/lib/aquastream' : join(base(env), 'aquastream')
}

/** The specification says that a relative path must be ignored. */
function base({XDG_STATE_HOME: given}: NodeJS.ProcessEnv): string {
  return given && isAbsolute(given) ? given : join(home(), '.local', 'state')
}

function home(): string {
  try {
    return homedir()
  } catch (error) {
    // No HOME, and a user ID without an entry in the user database: common in containers.
    throw new AquastreamError('state-directory', 'this user has no home directory', {
      hint: 'set XDG_STATE_HOME to a writable directory',
      cause: error,
    })
  }
}
