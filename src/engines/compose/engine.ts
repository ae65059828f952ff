import type {Engine} from '../engine.js'
import {docker} from './docker.js'
import {readLogs} from './logs.js'
import {listContainers, listVolumes, memoryOf, toState} from './states.js'
import {watchContainers} from './watch.js'

/** The engine for real: Docker Compose, driven by the docker command and so by the user's own context. */
export function composeEngine(project: string): Engine {
  return {
    name: 'compose',
    // Only a start needs these, and zod with them, which takes longer to load than docker to answer.
    plan: async (target, signal) => (await import('./plan.js')).planStart(target, signal),
    fetchImages: async (plan, ctx) => (await import('./images.js')).fetchImages(plan, ctx),
    diagnose: async (state, why) => (await import('./diagnose.js')).diagnose(state, why),
    start: async (plan, signal) => (await import('./start.js')).startServices(plan, signal),
    async stop({volumes}, signal) {
      // By the project's name alone: Compose finds its containers, of every profile, by their labels.
      await docker(
        ['compose', '-p', project, 'down', '--remove-orphans', ...(volumes ? ['--volumes'] : [])],
        {signal},
      )
    },
    volumes: () => listVolumes(project),
    states: async signal => (await listContainers(project, signal)).map(toState),
    async *watch(options, signal) {
      for await (const containers of watchContainers(project, options, signal)) yield containers.map(toState)
    },
    memory: memoryOf,
    logs: (query, signal) => readLogs(project, query, signal),
    facts: async signal => (await import('./facts.js')).readFacts(project, signal),
    versions: async signal => (await import('./facts.js')).readVersions(signal),
    machine: async signal => (await import('./machine.js')).readMachine(signal),
    besidePostgres: async () => (await import('./exec.js')).besidePostgres(project),
  }
}
