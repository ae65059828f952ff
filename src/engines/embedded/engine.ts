import {AquastreamError} from '../../errors.js'
import type {Engine} from '../engine.js'
import {askFacts, askMemory, isListening} from './client.js'
import {dataIn, stackDirectoryOf} from './stack-directory/stack-directory.js'
import {findLeftovers} from './stack-directory/orphans.js'
import {readStates, watchStates} from './states.js'

/**
 * The embedded engine, for dev without Docker: it runs programs of this machine under a supervisor.
 * @param dockerProblem see Engine
 */
export function embeddedEngine(project: string, env: NodeJS.ProcessEnv, dockerProblem?: string): Engine {
  const stackDirectory = stackDirectoryOf(project, env)
  return {
    name: 'embedded',
    dockerProblem,
    // As in the compose engine, only a start needs these modules.
    plan: async (target, signal) => (await import('./plan.js')).planStart(target, stackDirectory, signal),
    async fetchImages({images}, ctx) {
      const missing = images.find(({how}) => how === 'pull')
      if (missing) await (await import('./postgres/package.js')).fetchPackage(stackDirectory, missing, ctx)
    },
    diagnose: async state => (await import('./diagnose.js')).diagnose(stackDirectory, state),
    start: async (plan, signal) => (await import('./start.js')).startServices(plan, stackDirectory, signal),
    stopServices: async (services, signal) =>
      (await import('./start.js')).stopServices(stackDirectory, services, signal),
    restartServices: async (services, signal) =>
      (await import('./start.js')).restartServices(stackDirectory, services, signal),
    stop: async (options, signal) => (await import('./launch.js')).stopAll(stackDirectory, options, signal),
    volumes: async () => dataIn(stackDirectory),
    states: async signal => readStates(stackDirectory, signal),
    watch: ({pace}, signal) => watchStates(stackDirectory, pace, signal),
    async memory() {
      const uses = (await isListening(stackDirectory))
        ? await askMemory(stackDirectory).catch((): Record<string, number> => ({}))
        : {}
      return new Map(Object.entries(uses).map(([service, used]) => [service, {used, limit: null}]))
    },
    async *logs(query, signal) {
      yield* (await import('./logs.js')).readLogs(stackDirectory, query, signal)
    },
    async facts(signal) {
      // Services that outlived their supervisor have unknown secrets; the failing query reports that.
      const isThere = (await isListening(stackDirectory)) || (await findLeftovers(stackDirectory)).size > 0
      return isThere ? askFacts(stackDirectory, signal) : []
    },
    async versions() {
      const {choosePostgres} = await import('./postgres/choose.js')
      const choice = await choosePostgres(stackDirectory).catch(() => undefined)
      return {Node: process.version, ...(choice && {PostgreSQL: choice.programs.version})}
    },
    machine: async () => undefined,
    async execIn(service) {
      if (service === 'postgres')
        return (await import('./exec.js')).execInPostgres(stackDirectory, project, dockerProblem)
      throw new AquastreamError(
        'not-healthy',
        `no program can run beside ${service} of the embedded engine`,
        {
          hint: 'use a stack that runs on Docker',
        },
      )
    },
  }
}
