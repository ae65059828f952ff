import {requireImage, requireStarted} from '../../engines/tool.js'
import {AquastreamError} from '../../errors.js'
import {lastLines} from '../../system/text/last-lines.js'
import type {Store} from '../restic/store-snapshots.js'
import {readVolume} from './volume.js'

/** The volume of a store, and an image with a shell. */
interface ReadableStore {
  store: Store
  volume: string
  image: string
}

/** The status of the script for data that is in two places. */
const NOT_WHOLE = 3

/** The settings that name the images. */
const SETTINGS = {media: 'RESTIC_IMAGE', redis: 'REDIS_IMAGE'} as const satisfies Record<Store, string>

/**
 * Returns whether the volume of a store has its data in one place. A restore can have been interrupted while it replaced
 * the data or brought it back: then a copy of what is in place would pass for the newest one, and lack the rest.
 * @throws offsite-failed, image-missing, engine-failed
 */
export async function isWhole({store, volume, image}: ReadableStore, signal: AbortSignal): Promise<boolean> {
  const setting = SETTINGS[store]
  // The image of Redis is there, because Redis runs; its ID cannot be pulled.
  if (store === 'media') await requireImage({image, setting}, signal)
  const {exitCode, stderr} = await readVolume({volume, image}, 'is-whole', signal)
  if (exitCode === 0) return true
  if (exitCode === NOT_WHOLE) return false
  await requireStarted({image, setting}, {exitCode, stderr})
  throw new AquastreamError('offsite-failed', `the volume ${volume} cannot be read`, {
    hint: 'fix the error that the container reports, then run the command again',
    evidence: [{title: 'output of is-whole', lines: lastLines(stderr, 12)}],
  })
}
