import type {Plan} from '../engine.js'
import type {Home} from './home/home.js'
import {runServices} from './launch.js'
import {choosePostgres} from './postgres/choose.js'
import {specsOf} from './specs.js'
import {watchStates} from './states.js'

/** Sends the services to the supervisor and waits until each has been started at least once. */
export async function startServices({target}: Plan, home: Home, signal: AbortSignal): Promise<void> {
  const {programs} = await choosePostgres(home)
  await runServices(home, await specsOf(target, programs, home))
  for await (const states of watchStates(home, 0, signal)) {
    const waiting = states.filter(
      ({service, state}) => target.services.includes(service) && state === 'created',
    )
    if (waiting.length === 0) return
  }
  signal.throwIfAborted()
}
