import {access, constants} from 'node:fs/promises'
import {dirname} from 'node:path'
import {lock} from 'proper-lockfile'
import {createStateDirectory} from '../../../config/state.js'
import {AquastreamError} from '../../../errors.js'
import {errnoOf, reasonOf} from '../../../system/files/file-errors.js'
import {shellQuote} from '../../../system/text/shell-quote.js'
import type {StackDirectory} from './stack-directory.js'

/** A lock that its holder has not touched for this long, in ms, is stale. */
const STALE_MS = 5000
/** Retries for 90 s, which is longer than a stop may take. */
const RETRIES = {retries: 900, factor: 1, minTimeout: 100, maxTimeout: 100, randomize: true}

/**
 * Runs work under the lock of a stack directory, so that no other command starts or stops its supervisor; waits for the lock.
 * @throws busy: the lock is still held after 90 s; state-directory
 */
export async function withStackDirectoryLock<T>(
  stackDirectory: StackDirectory,
  work: () => Promise<T>,
): Promise<T> {
  const base = dirname(stackDirectory.path)
  await createStateDirectory(base, 0o700)
  // Without this check the lock would keep retrying although it cannot succeed.
  await access(base, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw cannotLock(stackDirectory, error)
  })
  const release = await lock(stackDirectory.path, {
    lockfilePath: stackDirectory.lock,
    realpath: false,
    stale: STALE_MS,
    update: 1000,
    retries: RETRIES,
    onCompromised: () => undefined,
  }).catch((error: unknown) => {
    if (errnoOf(error) !== 'ELOCKED') throw cannotLock(stackDirectory, error)
    throw new AquastreamError(
      'busy',
      `another command is starting or stopping the stack in ${stackDirectory.path}`,
      {
        hint: 'wait until it has finished, then run the command again',
        cause: error,
      },
    )
  })
  try {
    return await work()
  } finally {
    await release().catch(() => undefined)
  }
}

function cannotLock(stackDirectory: StackDirectory, error: unknown): AquastreamError {
  return new AquastreamError(
    'state-directory',
    `${stackDirectory.lock} cannot be created: ${reasonOf(error)}`,
    {
      hint: `check the owner and permissions: ls -ld ${shellQuote(dirname(stackDirectory.path))}`,
      cause: error,
    },
  )
}
