import type {Plan} from '../engine.js'
import {askToStopServices, sendSpecs} from './client.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'
import {runServices} from './launch.js'
import {choosePostgres} from './postgres/choose.js'
import {specsOf} from './specs.js'
import {watchStates} from './states.js'

/** Sends the services to the supervisor and waits until each has been started at least once. */
export async function startServices(
  {target, changes}: Plan,
  stackDirectory: StackDirectory,
  signal: AbortSignal,
): Promise<void> {
  const {programs} = await choosePostgres(stackDirectory)
  const specs = await specsOf(target, programs, stackDirectory)
  const restart = changes.filter(({action}) => action === 'restart').map(({service}) => service)
  await runServices(stackDirectory, {specs, restart})
  await untilStarted(stackDirectory, target.services, signal)
}

/** Stops services of a running stack. */
export async function stopServices(
  stackDirectory: StackDirectory,
  services: string[],
  signal: AbortSignal,
): Promise<void> {
  await askToStopServices(stackDirectory, services, signal)
}

/** Restarts services of a running stack, and waits until each has been started. */
export async function restartServices(
  stackDirectory: StackDirectory,
  services: string[],
  signal: AbortSignal,
): Promise<void> {
  await sendSpecs(stackDirectory, {specs: [], restart: services})
  await untilStarted(stackDirectory, services, signal)
}

async function untilStarted(
  stackDirectory: StackDirectory,
  services: string[],
  signal: AbortSignal,
): Promise<void> {
  for await (const states of watchStates(stackDirectory, 0, signal)) {
    if (!states.some(({service, state}) => services.includes(service) && state === 'created')) return
  }
  signal.throwIfAborted()
}
