import {mkdir} from 'node:fs/promises'
import {homedir} from 'node:os'
import {dirname, isAbsolute, join} from 'node:path'
import {AquastreamError} from '../errors.js'
import {reasonOf} from '../system/files/file-errors.js'

/**
 * Where aquastream remembers things on this machine between runs: `$XDG_STATE_HOME/aquastream`, else
 * `~/.local/state/aquastream` (XDG Base Directory 0.8). It may not be there yet.
 *
 * @throws state-directory
 */
export function statePath(env: NodeJS.ProcessEnv): string {
  return join(base(env), 'aquastream')
}

/**
 * Makes that directory, if need be, private to the user.
 * @throws state-directory
 */
export async function stateDirectory(env: NodeJS.ProcessEnv): Promise<string> {
  const path = statePath(env)
  try {
    // As root, the user that PostgreSQL runs as has to get through what is above.
    if (process.getuid?.() === 0) await mkdir(dirname(path), {recursive: true, mode: 0o711})
    await mkdir(path, {recursive: true, mode: 0o700})
  } catch (error) {
    throw new AquastreamError('state-directory', `${path} cannot be made: ${reasonOf(error)}`, {
      hint: 'set XDG_STATE_HOME to a directory that you can write to',
      cause: error,
    })
  }
  return path
}

/**
 * Where stacks that need no container engine have their data. As root that is not in root's home: PostgreSQL runs as
 * another user there, who may not look into it. Nothing is made here.
 *
 * @throws state-directory
 */
export function dataDirectory(env: NodeJS.ProcessEnv): string {
  const isGiven = env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME)
  return process.getuid?.() === 0 && !isGiven ? '/var/lib/aquastream' : join(base(env), 'aquastream')
}

/** A relative path is to be ignored, the specification says. */
function base({XDG_STATE_HOME: given}: NodeJS.ProcessEnv): string {
  return given && isAbsolute(given) ? given : join(home(), '.local', 'state')
}

function home(): string {
  try {
    return homedir()
  } catch (error) {
    // No HOME, and a user id without an entry in the user database: usual in containers.
    throw new AquastreamError('state-directory', 'this user has no home directory', {
      hint: 'set XDG_STATE_HOME to a directory that you can write to',
      cause: error,
    })
  }
}
