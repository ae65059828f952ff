import type {Plan} from '../engine.js'
import {askToStopServices, sendSpecs} from './client.js'
import type {Home} from './home/home.js'
import {runServices} from './launch.js'
import {choosePostgres} from './postgres/choose.js'
import {specsOf} from './specs.js'
import {watchStates} from './states.js'

/** Sends the services to the supervisor and waits until each has been started at least once. */
export async function startServices({target, changes}: Plan, home: Home, signal: AbortSignal): Promise<void> {
  const {programs} = await choosePostgres(home)
  const specs = await specsOf(target, programs, home)
  const restart = changes.filter(({action}) => action === 'restart').map(({service}) => service)
  await runServices(home, {specs, restart})
  await untilStarted(home, target.services, signal)
}

/** Stops services of a running stack. */
export async function stopServices(home: Home, services: string[], signal: AbortSignal): Promise<void> {
  await askToStopServices(home, services, signal)
}

/** Restarts services of a running stack, and waits until each has been started. */
export async function restartServices(home: Home, services: string[], signal: AbortSignal): Promise<void> {
  await sendSpecs(home, {specs: [], restart: services})
  await untilStarted(home, services, signal)
}

async function untilStarted(home: Home, services: string[], signal: AbortSignal): Promise<void> {
  for await (const states of watchStates(home, 0, signal)) {
    if (!states.some(({service, state}) => services.includes(service) && state === 'created')) return
  }
  signal.throwIfAborted()
}
