import {createWriteStream} from 'node:fs'
import {pipeline} from 'node:stream/promises'
import {storageError} from '../../backup/storage-error.js'
import type {Engine} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {lastLines} from '../../system/text/last-lines.js'
import {storeScript} from './script.js'

/**
 * Writes the data of the running Redis to a file, which only its user can read. Redis makes the copy itself and verifies
 * it, and is not blocked meanwhile.
 * @throws not-healthy: Redis is not running; offsite-failed, backup-directory, disk-full
 */
export async function dumpRedis(engine: Engine, path: string, signal: AbortSignal): Promise<void> {
  const start = await engine.execIn('redis')
  const dump = start(await storeScript('save-redis'), {})
  const kill = (): void => dump.kill()
  signal.addEventListener('abort', kill, {once: true})
  try {
    const file = createWriteStream(path, {mode: 0o600})
    await pipeline(dump.stdout, file).catch((error: unknown) => {
      kill()
      signal.throwIfAborted()
      throw storageError(path, error)
    })
    const {exitCode, stderr} = await dump.ended
    signal.throwIfAborted()
    if (exitCode === 0) return
    throw new AquastreamError('offsite-failed', 'Redis did not write a copy of its data', {
      hint: 'check the disk of Redis and its log: aquastream logs redis; then run the command again',
      evidence: [{title: 'output of redis-cli', lines: lastLines(stderr, 12)}],
    })
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
