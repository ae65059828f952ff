import {AquastreamError} from '../../errors.js'
import type {Program} from '../../system/program.js'
import {execInContainer, notRunning} from '../compose/exec.js'
import {docker} from '../docker/command.js'
import {listNodes} from './cluster/cluster.js'
import {findService, isServing, readStack} from './cluster/services.js'
import {withSecrets} from './translate/secrets.js'

/**
 * Returns a function that starts programs in the container of a data service, which has to run on this node. The service
 * reads its secrets from files, and the programs find them in their environment, as on Compose.
 * @throws not-healthy; swarm-node: the service runs on another node
 */
export async function execIn(
  project: string,
  service: 'postgres' | 'redis',
): Promise<(program: string[], env: Record<string, string>) => Program> {
  const start = execInContainer(await findContainer(project, service))
  return (program, env) => start(withSecrets(program), env)
}

async function findContainer(project: string, name: 'postgres' | 'redis'): Promise<string> {
  const {services, tasks} = await readStack(project)
  const id = findService(services, name)?.ID
  const task = tasks.find(candidate => candidate.ServiceID === id && isServing(candidate))
  const container = task?.Status.ContainerStatus?.ContainerID
  if (!container) throw notRunning(project, name)
  const local = await docker(['ps', '-q', '--no-trunc', '--filter', `id=${container}`])
  if (local.trim() === container) return container
  const node = (await listNodes()).find(({ID}) => ID === task.NodeID)?.Description.Hostname ?? 'another node'
  throw new AquastreamError('swarm-node', `${name} of ${project} runs on ${node}, not on this node`, {
    hint: `run the command on ${node}`,
  })
}
