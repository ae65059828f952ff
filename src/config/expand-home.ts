import {homedir} from 'node:os'
import {join} from 'node:path'
import {AquastreamError} from '../errors.js'

/**
 * Replaces a leading `~` by the home directory. A shell does so only in an unquoted word: not in a settings file, and
 * not after `--flag=`.
 * @throws usage: the home directory of another user
 */
export function expandHome(path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1))
  if (!path.startsWith('~')) return path
  throw new AquastreamError(
    'usage',
    `${path} refers to the home directory of another user, which is not supported`,
    {
      hint: `write the full path, or ./${path} for a name that begins with ~`,
    },
  )
}
