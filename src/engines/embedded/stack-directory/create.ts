import {chmod} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {createStateDirectory, stateDirectoryError} from '../../../config/state.js'
import {AquastreamError} from '../../../errors.js'
import {execa} from '../../../system/execa.js'
import {findOwner, type Owner} from '../postgres/owner.js'
import type {StackDirectory} from './stack-directory.js'

/** The maximum length of a Unix socket path in bytes, from sun_path of macOS: 104 with the final NUL (Linux: 108). */
const LONGEST_SOCKET = 103

/**
 * Creates the stack directory if necessary and checks that the user of PostgreSQL can reach its data.
 * @throws state-directory
 */
export async function createStackDirectory(stackDirectory: StackDirectory): Promise<void> {
  if (Buffer.byteLength(stackDirectory.socket) > LONGEST_SOCKET) {
    throw new AquastreamError(
      'state-directory',
      `${stackDirectory.socket} is too long for the path of a Unix socket`,
      {
        hint: `set XDG_STATE_HOME to a shorter path: the socket path may have at most ${LONGEST_SOCKET} bytes`,
      },
    )
  }
  const owner = await findOwner()
  // Other users, such as the one of PostgreSQL, may traverse the directories but not list them.
  const mode = owner ? 0o711 : 0o700
  await createStateDirectory(stackDirectory.path, mode)
  const open = owner ? [dirname(stackDirectory.path), stackDirectory.path] : []
  for (const path of open) {
    await chmod(path, mode).catch((error: unknown) => {
      throw stateDirectoryError(path, error)
    })
  }
  for (const path of [stackDirectory.records, join(stackDirectory.path, 'logs')])
    await createStateDirectory(path, 0o700)
  if (owner) await requirePassage(stackDirectory.path, owner)
}

async function requirePassage(path: string, {name, uid, gid}: Owner): Promise<void> {
  const {exitCode} = await execa('/bin/sh', ['-c', 'cd "$1"', 'sh', path], {
    uid,
    gid,
    cwd: '/',
    reject: false,
  })
  if (exitCode === 0) return
  throw new AquastreamError(
    'state-directory',
    `PostgreSQL does not run as root, and the user ${name} that runs it instead may not enter ${path}`,
    {hint: 'unset XDG_STATE_HOME, or set it to a directory that other users may traverse (chmod o+x)'},
  )
}
