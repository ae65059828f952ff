import {JOBS} from '../../../stack/catalogue.js'
import type {Deadline, Plan} from '../../engine.js'
import {factsOf, initSwarm, listNodes, readInfo} from '../cluster/cluster.js'
import {requireDataNode} from '../cluster/data-node.js'
import {prune} from '../cluster/history.js'
import {withSwarmLock} from '../cluster/lock.js'
import {findService, readStack} from '../cluster/services.js'
import {createConfigs, createNetworks, createSecrets} from '../cluster/store.js'
import {readSpecs, type StackSpecs} from '../stack-specs.js'
import {allEnded} from './apply.js'
import type {Deployment} from './ended.js'
import {runJob} from './jobs.js'
import {requireImages} from '../nodes/images.js'
import {changedSpecs, runSteps} from './steps.js'

/**
 * Starts or updates services. Swarm has no order of start, so this is one: jobs that need nothing, data services, the other
 * jobs, backends, edge.
 * @throws service-failed: a service did not become healthy; what was updated before keeps running
 */
export async function startServices({target}: Plan, signal: AbortSignal, deadline: Deadline): Promise<void> {
  const {project} = target.settings
  const jobs = JOBS.filter(({prepares}) => target.services.includes(prepares)).map(({name}) => name)
  if (!(await readInfo(signal)).Swarm.ControlAvailable) await initSwarm(target.advertiseAddress, signal)
  await withSwarmLock(project, 'env:up', {
    signal,
    async work(held) {
      await requireDataNode(project, held)
      const specs = await readSpecs({...target, jobs}, factsOf(await listNodes(held)), held)
      await createNetworks(project, specs.networks, held)
      await createSecrets(project, specs.secrets, held)
      await createConfigs(project, specs.configs, held)
      await deploy(specs, {jobs, wait: target.wait !== false}, {project, signal: held, deadline})
    },
  })
}

async function deploy(
  {specs, file}: StackSpecs,
  {jobs, wait}: {jobs: string[]; wait: boolean},
  deployment: Deployment,
): Promise<void> {
  const {project, signal} = deployment
  const {services} = await readStack(project, signal)
  const isFirst = (job: string): boolean => file.services[job]!.depends_on.length === 0
  const run = async (names: string[]): Promise<void> => {
    deployment.deadline?.begin()
    await allEnded(names.map(async name => runJob(name, specs.get(name)!, deployment)))
  }
  const steps = [...specs]
    .filter(([name]) => !jobs.includes(name))
    .map(([name, spec]) => ({
      name,
      spec,
      service: findService(services, name),
    }))
  await requireImages([...jobs.map(job => specs.get(job)!), ...changedSpecs(steps)], deployment)
  await run(jobs.filter(isFirst))
  const between = () => run(jobs.filter(job => !isFirst(job)))
  await runSteps(steps, {command: 'env:up', between, wait}, deployment)
  await prune(project, signal)
}
