import type {Target} from '../engine.js'
import {docker} from './docker.js'
import {chooseImages} from './images.js'
import {composeArgs, composeEnv} from './project.js'

/** Lets Compose create and start what is not as the file and the settings say; it waits for dependencies only. */
export async function startServices(target: Target, signal: AbortSignal): Promise<void> {
  const {stubs} = await chooseImages(target, signal)
  const what = ['--detach', '--no-build', '--pull', 'never', ...target.jobs, ...target.services]
  await docker([...composeArgs(target), '--progress', 'plain', 'up', ...what], {
    env: composeEnv(target, stubs),
    signal,
  })
}
