import type {Engine} from '../engine.js'
import {askFacts, askMemory, isListening} from './client.js'
import {dataIn, homeOf} from './home/home.js'
import {findLeftovers} from './home/orphans.js'
import {readStates, watchStates} from './states.js'

/**
 * The embedded engine, for dev without Docker: it runs programs of this machine under a supervisor.
 * @param dockerProblem see Engine
 */
export function embeddedEngine(project: string, env: NodeJS.ProcessEnv, dockerProblem?: string): Engine {
  const home = homeOf(project, env)
  return {
    name: 'embedded',
    dockerProblem,
    // As in the compose engine, only a start needs these modules.
    plan: async (target, signal) => (await import('./plan.js')).planStart(target, home, signal),
    async fetchImages({images}, ctx) {
      const missing = images.find(({how}) => how === 'pull')
      if (missing) await (await import('./postgres/package.js')).fetchPackage(home, missing, ctx)
    },
    diagnose: async state => (await import('./diagnose.js')).diagnose(home, state),
    start: async (plan, signal) => (await import('./start.js')).startServices(plan, home, signal),
    stopServices: async (services, signal) =>
      (await import('./start.js')).stopServices(home, services, signal),
    restartServices: async (services, signal) =>
      (await import('./start.js')).restartServices(home, services, signal),
    stop: async (options, signal) => (await import('./launch.js')).stopAll(home, options, signal),
    volumes: async () => dataIn(home),
    states: async signal => readStates(home, signal),
    watch: ({pace}, signal) => watchStates(home, pace, signal),
    async memory() {
      const uses = (await isListening(home))
        ? await askMemory(home).catch((): Record<string, number> => ({}))
        : {}
      return new Map(Object.entries(uses).map(([service, used]) => [service, {used, limit: null}]))
    },
    async *logs(query, signal) {
      yield* (await import('./logs.js')).readLogs(home, query, signal)
    },
    async facts(signal) {
      // Services that outlived their supervisor have unknown secrets; the failing query reports that.
      const isThere = (await isListening(home)) || (await findLeftovers(home)).size > 0
      return isThere ? askFacts(home, signal) : []
    },
    async versions() {
      const {choosePostgres} = await import('./postgres/choose.js')
      const choice = await choosePostgres(home).catch(() => undefined)
      return {Node: process.version, ...(choice && {PostgreSQL: choice.programs.version})}
    },
    machine: async () => undefined,
    execInPostgres: async () => (await import('./exec.js')).execInPostgres(home, project, dockerProblem),
  }
}
