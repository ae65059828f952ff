import type {Engine} from '../../engines/engine.js'
import {openEngine} from '../../engines/open.js'
import type {StackContext} from '../../engines/stack-context.js'
import {AquastreamError} from '../../errors.js'
import {hasProcess} from '../../stack/state.js'
import type {Store} from '../restic/store-snapshots.js'
import {SERVICE_OF, volumeOf} from './find.js'
import type {StoreVolume} from './volume.js'

/** A store whose service is stopped. */
export interface StoppedStore extends StoreVolume {
  store: Store
  engine: Engine
}

/** The user of the service; see the Compose file. */
const USERS = {media: '10001:10001', redis: 'redis'} as const satisfies Record<Store, string>

/**
 * Finds stores whose data can be replaced: their services exist and are stopped.
 * @throws refused, with the command that stops or creates them; swarm-node: their volumes are on another node
 */
export async function findStopped(
  stack: StackContext,
  stores: Store[],
  signal: AbortSignal,
): Promise<StoppedStore[]> {
  const engine = await openEngine(stack)
  if (engine.name === 'embedded') {
    throw new AquastreamError('refused', 'the embedded engine does not keep media and Redis in volumes', {
      hint: 'restore into a stack that runs on Docker',
    })
  }
  const [states, volumes] = await Promise.all([engine.states(signal), engine.volumes()])
  const services = stores.map(store => SERVICE_OF[store])
  const running = services.filter(service =>
    states.some(state => state.service === service && hasProcess(state)),
  )
  if (running.length > 0) {
    throw new AquastreamError(
      'refused',
      `${running.join(' and ')} of ${stack.project} must be stopped first`,
      {
        hint: `stop ${running.length === 1 ? 'it' : 'them'}: aquastream env:stop ${running.join(' ')}; then run the command again`,
      },
    )
  }
  return stores.map(store => {
    const service = SERVICE_OF[store]
    const image = states.find(state => state.service === service)?.imageId
    const volume = volumeOf(store, stack.project)
    if (image !== undefined && volumes.includes(volume))
      return {store, engine, service, volume, image, user: USERS[store]}
    const up = services.map(name => `--service ${name}`).join(' ')
    throw new AquastreamError('refused', `${stack.project} has no ${service} yet`, {
      hint: `create the services: aquastream env:up ${up}; stop them: aquastream env:stop ${services.join(' ')}; then run the command again`,
    })
  })
}
