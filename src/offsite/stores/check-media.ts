import {randomUUID} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Context} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {execa} from '../../system/execa.js'
import {once} from '../../system/once.js'
import {lastLines} from '../../system/text/last-lines.js'
import {type CheckedObjects, checkObjects} from './objects.js'
import {pipeTo, withTunnel} from './tunnel.js'
import {DATA, NEW_DATA, type StoreVolume, volumeTool} from './volume.js'

/**
 * Reads and compares every object of the new data in a volume, through a MinIO that runs only for the check, in a container
 * without a network. Its keys are of this moment: those of the stack are in secrets that Swarm does not show.
 * @throws archive-damaged: objects are damaged; not-healthy: MinIO does not work with the data
 */
export async function checkMedia(volume: StoreVolume, ctx: Context<CheckedObjects>): Promise<CheckedObjects> {
  const keys = {accessKey: randomUUID(), secretKey: randomUUID()}
  const minio = await startMinio(volume, keys)
  try {
    return await withTunnel(minio.connect, async address => {
      const endpoint = `http://${address}`
      await minio.untilReady(endpoint, ctx.signal)
      return await checkObjects({endpoint, ...keys}, ctx)
    })
  } catch (error) {
    ctx.signal.throwIfAborted()
    const isDamaged = error instanceof AquastreamError && error.code === 'archive-damaged'
    // A MinIO that ends delivers nothing either.
    if (isDamaged && minio.isRunning()) throw error
    throw notWorking(await minio.stop(), error)
  } finally {
    await minio.stop()
  }
}

/** Milliseconds within which MinIO must be ready, and between two queries. */
const LIMIT_MS = 300_000
const PACE_MS = 200

/** Starts MinIO on the new data. It listens in its container alone. */
async function startMinio(
  volume: StoreVolume,
  {accessKey, secretKey}: Record<'accessKey' | 'secretKey', string>,
) {
  const tool = await volumeTool(
    volume,
    ['minio', 'server', `${DATA}/${NEW_DATA}`, '--address', '127.0.0.1:9000'],
    {MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: 'off'},
  )
  const {program, args, env, cwd} = tool
  const running = closePipesWhenKilled(
    execa(program, args, {
      env,
      cwd,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      all: true,
      forceKillAfterDelay: 400,
    }),
  )
  const isRunning = (): boolean => running.exitCode === null && running.signalCode === null
  return {
    isRunning,
    connect: () => tool.exec(pipeTo(9000)),
    async untilReady(endpoint: string, signal: AbortSignal): Promise<void> {
      const until = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
      while (isRunning()) {
        const answer = await fetch(`${endpoint}/minio/health/ready`, {signal: until}).catch(() => undefined)
        if (answer?.ok) return
        await sleep(PACE_MS, undefined, {signal: until})
      }
      throw new Error('MinIO has ended')
    },
    /** Returns what it has written. */
    stop: once(async (): Promise<string> => {
      running.kill()
      await tool.end()
      return (await running).all
    }),
  }
}

function notWorking(output: string, cause: unknown): AquastreamError {
  return new AquastreamError('not-healthy', 'MinIO does not work with the media of the backup', {
    hint: 'nothing was changed; check the memory and the disk of this machine and run the command again, or choose another backup: aquastream offsite:list',
    evidence: [{title: 'output of minio', lines: lastLines(output, 12)}],
    cause,
  })
}
