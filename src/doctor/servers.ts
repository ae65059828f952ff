import type {Server} from '../engines/engine.js'
import {type Answer, type Check, failed, ok, skipped, warning} from './check.js'

/** Checks the servers of an engine that runs on several; the others have no such check. */
export const servers: Check = {
  name: 'servers',
  async run(context) {
    const {engine} = await context.engine()
    return assess((await engine.servers?.(context.signal)) ?? [])
  },
}

/** Checks what services need on every server: images, connections to the other servers, the time. */
export const nodes: Check = {
  name: 'nodes',
  async run(context) {
    const {engine} = await context.engine()
    const found = (await engine.servers?.(context.signal)) ?? []
    if (found.filter(({isReady}) => isReady).length < 2 || !engine.examineServers) return []
    const {target, problems: reasons} = await context.plan()
    if (target.settings.problems.length + reasons.length > 0)
      return skipped('not checked: fix the failed checks first')
    const problems = await engine.examineServers(target, context.signal)
    if (problems.length === 0) return ok('all nodes have the images, reach each other and agree on the time')
    return problems.map(problem =>
      problem.code === 'image-missing' ? failed(problem) : warning(problem.message, problem.hint),
    )
  },
}

/** Returns what may fail later because of the servers; nothing if there are none. */
export function assess(found: Server[]): Answer[] {
  if (found.length === 0) return []
  const down = found.filter(({isReady}) => !isReady)
  // A server that has just joined has not yet told its version.
  const versions = new Set(found.map(({version}) => version).filter(Boolean))
  const managers = found.filter(({isManager}) => isManager).map(({name}) => name)
  const warnings = [
    ...down.map(server =>
      warning(`${server.name} does not answer the managers of the Swarm`, startIt(server)),
    ),
    ...(versions.size > 1
      ? [
          warning(
            `the nodes run different versions of Docker Engine: ${found.map(({name, version}) => `${name} ${version}`).join(', ')}`,
            'update them to one version',
          ),
        ]
      : []),
    ...(managers.length === 2
      ? [
          warning(
            `${managers.join(' and ')} are two managers, which is worse than one: if either fails, nothing can be changed`,
            `make one a worker: docker node demote ${managers[1]}; or add a third`,
          ),
        ]
      : []),
  ]
  if (warnings.length > 0) return warnings
  return [ok(found.length === 1 ? `${found[0]!.name} is the only node` : `all ${found.length} nodes answer`)]
}

/** To remove a server says that nothing runs there any more, so the one with the data is not removed by a hint. */
function startIt({name, isManager, holdsData}: Server): string {
  if (holdsData) return `start ${name}: it holds the data`
  const demote = isManager ? `docker node demote ${name}, then ` : ''
  return `start ${name}; if it will not come back, remove it: ${demote}docker node rm --force ${name}`
}
