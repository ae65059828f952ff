import type {Engine} from '../engine.js'
import {diagnose} from './diagnose.js'
import {docker} from './docker.js'
import {chooseImages, fetchImages} from './images.js'
import {readLogs} from './logs.js'
import {planStart} from './plan.js'
import {composeArgs, composeEnv} from './project.js'
import {listContainers, listVolumes, memoryOf, toState, watchStates} from './states.js'

/** The engine for real: Docker Compose, driven by the docker command and so by the user's own context. */
export function composeEngine(project: string): Engine {
  return {
    name: 'compose',
    plan: planStart,
    fetchImages: (plan, target, ctx) => fetchImages(plan.images, target, ctx),
    async start(target, signal) {
      const {stubs} = await chooseImages(target, signal)
      const env = composeEnv(target, stubs)
      const what = ['--detach', '--no-build', '--pull', 'never', ...target.jobs, ...target.services]
      await docker([...composeArgs(target), '--progress', 'plain', 'up', ...what], {env, signal})
    },
    async stop({volumes}, signal) {
      // By the project's name alone: Compose finds its containers, of every profile, by their labels.
      await docker(
        ['compose', '-p', project, 'down', '--remove-orphans', ...(volumes ? ['--volumes'] : [])],
        {signal},
      )
    },
    volumes: () => listVolumes(project),
    states: async signal => (await listContainers(project, signal)).map(toState),
    watch: signal => watchStates(project, signal),
    memory: memoryOf,
    diagnose,
    logs: (query, signal) => readLogs(project, query, signal),
  }
}
