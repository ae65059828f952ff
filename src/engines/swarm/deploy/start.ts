import {JOBS, SERVICES} from '../../../stack/catalogue.js'
import type {Plan} from '../../engine.js'
import type {SwarmService} from '../api/objects.js'
import {initSwarm, isAvailable, listNodes, readInfo, requireDataNode} from '../cluster/cluster.js'
import {withSwarmLock} from '../cluster/lock.js'
import {readStack, shortName} from '../cluster/services.js'
import {createConfigs, createNetworks, createSecrets} from '../cluster/store.js'
import {readSpecs, type StackSpecs} from '../stack-specs.js'
import {LABEL} from '../translate/spec.js'
import {createService, type Deployment, readService, replicasOf, versionOf} from './apply.js'
import {runJob} from './jobs.js'
import {replaceDataService, type Step, Update, waitUntilServing} from './update.js'

/**
 * Starts or updates services. Swarm has no order of start, so this is one: jobs that need nothing, data services, the other
 * jobs, backends, edge.
 * @throws service-failed: a service did not become healthy; what was updated before keeps running
 */
export async function startServices({target}: Plan, signal: AbortSignal): Promise<void> {
  const {project} = target.settings
  const jobs = JOBS.filter(({prepares}) => target.services.includes(prepares)).map(({name}) => name)
  if (!(await readInfo(signal)).Swarm.ControlAvailable) await initSwarm(target.advertiseAddress, signal)
  await withSwarmLock(project, 'env:up', {
    signal,
    async work() {
      await requireDataNode(signal)
      const nodes = (await listNodes(signal)).filter(isAvailable).length
      const specs = await readSpecs({...target, jobs}, nodes, signal)
      await createNetworks(project, specs.networks, signal)
      await createSecrets(project, specs.secrets, signal)
      await createConfigs(project, specs.configs, signal)
      await deploy(specs, jobs, {project, signal})
    },
  })
}

async function deploy(specs: StackSpecs, jobs: string[], deployment: Deployment): Promise<void> {
  const {services} = await readStack(deployment.project, deployment.signal)
  const steps = stepsOf(specs, services)
  const isFirst = (job: string): boolean => specs.file.services[job]!.depends_on.length === 0
  const run = (names: string[]): Promise<void[]> =>
    Promise.all(names.map(name => runJob(name, specs.specs.get(name)!, deployment)))
  await run(jobs.filter(isFirst))
  await Promise.all(
    steps
      .filter(({name}) => kindOf(name) === 'infrastructure')
      .map(async step => bringUpData(step, deployment)),
  )
  await run(jobs.filter(job => !isFirst(job)))
  await updateBackends(
    steps.filter(({name}) => kindOf(name) !== 'infrastructure'),
    deployment,
  )
}

function kindOf(name: string): string | undefined {
  return SERVICES.find(service => service.name === name)?.kind
}

/** In the order of an update: services before the gateway that uses them, then edge. */
function stepsOf({specs}: StackSpecs, services: SwarmService[]): Step[] {
  const rank = (name: string): number =>
    ['infrastructure', 'backend', 'edge'].indexOf(kindOf(name)!) + Number(name === 'gateway') / 2
  return [...specs]
    .filter(([name]) => kindOf(name) !== undefined)
    .map(([name, spec]) => ({name, spec, service: services.find(service => shortName(service) === name)}))
    .sort((a, b) => rank(a.name) - rank(b.name))
}

function isUnchanged({spec, service}: Step): boolean {
  return (
    service?.Spec.Labels[LABEL.spec] === spec.Labels[LABEL.spec] &&
    service?.Spec.Mode.Replicated?.Replicas === replicasOf(spec)
  )
}

async function bringUpData(step: Step, deployment: Deployment): Promise<void> {
  const {service} = step
  if (service && isUnchanged(step)) {
    const version = versionOf((await readService(service.ID, deployment.signal)).Spec.TaskTemplate)
    return waitUntilServing({...step, version}, deployment)
  }
  return replaceDataService(step, deployment)
}

/**
 * Creates what is missing at once. Updates what has changed one after the other, each when the one before is healthy; the
 * times in which Swarm still rolls back a failure overlap.
 */
async function updateBackends(steps: Step[], deployment: Deployment): Promise<void> {
  await Promise.all(steps.filter(({service}) => !service).map(({spec}) => createService(spec, deployment)))
  const begun: Update[] = []
  for (const step of steps) {
    if (!step.service || isUnchanged(step)) continue
    const update = new Update({...step, service: step.service}, deployment)
    await update.begin()
    begun.push(update)
    const outcome = await update.healthy()
    if (outcome.is === 'rolled back') throw outcome.error
  }
  for (const outcome of await Promise.all(begun.map(update => update.completed())))
    if (outcome.is === 'rolled back') throw outcome.error
}
