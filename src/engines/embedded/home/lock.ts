import {access, constants, mkdir} from 'node:fs/promises'
import {dirname} from 'node:path'
import {lock} from 'proper-lockfile'
import {AquastreamError} from '../../../errors.js'
import {errnoOf, reasonOf} from '../../../system/files/file-errors.js'
import type {Home} from './home.js'

/** A lock that its holder has not touched for so long belongs to nobody, in ms. */
const STALE_MS = 5000
/** Longer than a stop may take, and nobody waits for ever. */
const RETRIES = {retries: 900, factor: 1, minTimeout: 100, maxTimeout: 100, randomize: true}

/**
 * Runs work while no other starts or ends the supervisor of a home; who comes second waits.
 * @throws busy
 */
export async function withHomeLock<T>(home: Home, work: () => Promise<T>): Promise<T> {
  const base = dirname(home.path)
  await mkdir(base, {recursive: true, mode: 0o700})
  // The lock would try again and again what cannot be.
  await access(base, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw cannotLock(home, error)
  })
  const release = await lock(home.path, {
    lockfilePath: home.lock,
    realpath: false,
    stale: STALE_MS,
    update: 1000,
    retries: RETRIES,
    onCompromised: () => undefined,
  }).catch((error: unknown) => {
    if (errnoOf(error) !== 'ELOCKED') throw cannotLock(home, error)
    throw new AquastreamError('busy', `another command starts or stops the stack in ${home.path}`, {
      hint: 'wait until it has ended, then run the same command again',
      cause: error,
    })
  })
  try {
    return await work()
  } finally {
    await release().catch(() => undefined)
  }
}

function cannotLock(home: Home, error: unknown): AquastreamError {
  return new AquastreamError('state-directory', `${home.lock} cannot be made: ${reasonOf(error)}`, {
    hint: `see whose it is: ls -ld ${dirname(home.path)}`,
    cause: error,
  })
}
