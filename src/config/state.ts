import {mkdir} from 'node:fs/promises'
import {homedir} from 'node:os'
import {isAbsolute, join} from 'node:path'
import {AquastreamError} from '../errors.js'

/**
 * Makes, if need be, the directory of what aquastream remembers on this machine between runs, private to
 * the user: `$XDG_STATE_HOME/aquastream`, else `~/.local/state/aquastream` (XDG Base Directory 0.8).
 *
 * @throws state-directory
 */
export async function stateDirectory(env: NodeJS.ProcessEnv): Promise<string> {
  const path = join(base(env), 'aquastream')
  try {
    await mkdir(path, {recursive: true, mode: 0o700})
  } catch (error) {
    throw new AquastreamError('state-directory', `${path} cannot be made: ${(error as Error).message}`, {
      hint: 'set XDG_STATE_HOME to a directory that you can write to',
      cause: error,
    })
  }
  return path
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
