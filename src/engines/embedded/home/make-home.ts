import {chmod, mkdir} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {execa} from 'execa'
import {AquastreamError} from '../../../errors.js'
import {reasonOf} from '../../../system/files/file-errors.js'
import {findOwner, type Owner} from '../postgres/owner.js'
import type {Home} from './home.js'

/** What the address of a Unix socket can hold: 104 bytes on macOS, 108 on Linux, with a zero at the end. */
const LONGEST_SOCKET = 103

/**
 * Makes the home, if need be, and makes sure that the user of PostgreSQL gets to its data.
 * @throws state-directory
 */
export async function makeHome(home: Home): Promise<void> {
  if (Buffer.byteLength(home.socket) > LONGEST_SOCKET) {
    throw new AquastreamError('state-directory', `${home.socket} is too long for the address of a socket`, {
      hint: `set XDG_STATE_HOME to a shorter path: ${LONGEST_SOCKET} bytes are possible in all`,
    })
  }
  const owner = await findOwner()
  // Others may pass through, as PostgreSQL's user must, and see nothing on the way.
  const mode = owner ? 0o711 : 0o700
  try {
    await mkdir(home.path, {recursive: true, mode})
    if (owner) for (const path of [dirname(home.path), home.path]) await chmod(path, mode)
    for (const path of [home.records, join(home.path, 'logs')])
      await mkdir(path, {recursive: true, mode: 0o700})
  } catch (error) {
    throw new AquastreamError('state-directory', `${home.path} cannot be made: ${reasonOf(error)}`, {
      hint: 'set XDG_STATE_HOME to a directory that you can write to',
      cause: error,
    })
  }
  if (owner) await requirePassage(home.path, owner)
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
    `PostgreSQL cannot run as root, and the user ${name} that it runs as may not enter ${path}`,
    {hint: 'unset XDG_STATE_HOME, or set it to a directory that others may pass through (chmod o+x)'},
  )
}
