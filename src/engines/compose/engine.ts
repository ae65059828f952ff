import {docker} from '../docker/command.js'
import type {Engine} from '../engine.js'
import type {StackContext} from '../stack-context.js'
import {openUpdates} from './history/history.js'
import {readLogs} from './logs.js'
import {withMemoryKills} from './containers/memory-kills.js'
import {listContainers, listVolumes, memoryOf, toState} from './containers/states.js'
import {watchContainers} from './containers/watch.js'

/** The compose engine. It runs the docker command, and therefore uses the Docker context of the user. */
export function composeEngine(stack: StackContext): Engine {
  const {project} = stack
  // In dev, images change with every build.
  const updates = stack.profile === 'dev' ? undefined : openUpdates(stack)
  return {
    name: 'compose',
    history: updates?.history,
    startTimes: updates?.startTimes,
    // Only a start needs these modules. They load zod, which takes longer than a docker command.
    plan: async (target, signal) => (await import('./plan.js')).planStart(target, signal),
    fetchImages: async (plan, ctx) => (await import('./fetch.js')).fetchImages(plan, ctx),
    diagnose: async state => (await import('./diagnose.js')).diagnose(project, state),
    async start(plan, signal) {
      await updates?.begin(plan, signal)
      await (await import('./start.js')).startServices(plan, signal)
    },
    stopServices: async (services, signal) =>
      (await import('./start.js')).stopServices(project, services, signal),
    restartServices: async (services, signal) =>
      (await import('./start.js')).restartServices(project, services, signal),
    async stop({volumes}, signal) {
      // The project name is enough: Compose finds the containers of every profile by their labels.
      await docker(
        ['compose', '-p', project, 'down', '--remove-orphans', ...(volumes ? ['--volumes'] : [])],
        {signal},
      )
    },
    volumes: () => listVolumes(project),
    states: async signal =>
      (await withMemoryKills(await listContainers(project, signal), signal)).map(toState),
    async *watch(options, signal) {
      for await (const containers of watchContainers(project, options, signal)) yield containers.map(toState)
    },
    memory: memoryOf,
    logs: (query, signal) => readLogs(project, query, signal),
    facts: async signal => (await import('./facts.js')).readFacts(project, signal),
    versions: async signal => (await import('./facts.js')).readVersions(signal),
    machine: async signal => (await import('./machine.js')).readMachine(signal),
    execIn: async service => (await import('./exec.js')).execIn(project, service),
  }
}
