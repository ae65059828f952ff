import type {Engine} from '../engine.js'

/** The swarm engine. It uses the Docker context of the user, as the docker command does. */
export function swarmEngine(project: string): Engine {
  return {
    name: 'swarm',
    reportsFailures: true,
    async consent() {
      const {readInfo} = await import('./cluster/cluster.js')
      const {Name: name, Swarm: swarm} = await readInfo()
      if (swarm.ControlAvailable) {
        const {describeOtherNode, readDataPlace} = await import('./cluster/data-node.js')
        return describeOtherNode(project, await readDataPlace(project, new AbortController().signal))
      }
      return swarm.LocalNodeState === 'inactive'
        ? `This makes Docker Engine on ${name} a Swarm of one node, which listens on the ports 2377, 7946 and 4789; a firewall should let only other servers of the Swarm reach them`
        : undefined
    },
    history: {
      async list(signal) {
        const {listUpdates} = await import('./cluster/history.js')
        return {updates: await listUpdates(project, signal), damaged: []}
      },
      findPrevious: async (services, signal) =>
        (await import('./deploy/rollback.js')).findPrevious(project, services, signal),
      rollBack: async (versions, signal, deadline) =>
        (await import('./deploy/rollback.js')).rollBack(versions, {project, signal, deadline}),
    },
    plan: async (target, signal) => (await import('./plan.js')).planStart(target, signal),
    fetchImages: async (plan, ctx) => (await import('../compose/fetch.js')).fetchImages(plan, ctx),
    diagnose: async state => (await import('./diagnose.js')).diagnose(project, state),
    findUnreachable: async (backends, signal) =>
      (await import('./reach.js')).findUnreachable(project, backends, signal),
    start: async (plan, signal, deadline) =>
      (await import('./deploy/start.js')).startServices(plan, signal, deadline),
    stopServices: async (services, signal) =>
      (await import('./deploy/manage.js')).stopServices(project, services, signal),
    restartServices: async (services, signal, deadline) =>
      (await import('./deploy/manage.js')).restartServices(services, {project, signal, deadline}),
    stop: async (options, signal) => (await import('./stop.js')).stopStack(project, options, signal),
    volumes: async () => (await import('./cluster/data-node.js')).listDataVolumes(project),
    states: async signal => (await import('./states.js')).readStates(project, signal),
    async *watch(options, signal) {
      yield* (await import('./states.js')).watchStates(project, options, signal)
    },
    memory: async () => (await import('./facts.js')).memoryOf(project),
    async *logs(query, signal) {
      yield* (await import('./logs/read.js')).readLogs(project, query, signal)
    },
    facts: async signal => (await import('./facts.js')).readFacts(project, signal),
    versions: async signal => (await import('../compose/facts.js')).readVersions(signal),
    servers: async signal => (await import('./cluster/cluster.js')).listServers(signal),
    examineServers: async (target, signal) =>
      (await import('./nodes/examine.js')).examineServers(target, signal),
    machine: async signal => (await import('../compose/machine.js')).readMachine(signal),
    execIn: async service => (await import('./exec.js')).execIn(project, service),
  }
}
