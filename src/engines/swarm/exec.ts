import {AquastreamError} from '../../errors.js'
import {execa} from '../../system/execa.js'
import {type Program, startProgram} from '../../system/program.js'
import {docker, dockerOptions} from '../compose/docker.js'
import {listNodes} from './cluster/cluster.js'
import {isServing, readStack, shortName} from './cluster/services.js'

/**
 * Returns a function that starts programs in the container of a data service, which has to run on this node.
 * @throws not-healthy; swarm-node: the service runs on another node
 */
export async function execIn(
  project: string,
  service: 'postgres' | 'redis',
): Promise<(program: string[], env: Record<string, string>) => Program> {
  const container = await findContainer(project, service)
  return (program, env) => {
    const names = Object.keys(env).flatMap(name => ['--env', name])
    const options = dockerOptions({})
    return startProgram(
      execa('docker', ['exec', '--interactive', ...names, container, ...program], {
        ...options,
        env: {...options.env, ...env},
        stdin: 'pipe',
        buffer: {stdout: false, stderr: true},
      }),
    )
  }
}

async function findContainer(project: string, name: string): Promise<string> {
  const {services, tasks} = await readStack(project)
  const id = services.find(service => shortName(service) === name)?.ID
  const task = tasks.find(candidate => candidate.ServiceID === id && isServing(candidate))
  const container = task?.Status.ContainerStatus?.ContainerID
  if (!container) {
    throw new AquastreamError('not-healthy', `${name} of ${project} is not running`, {
      hint: `start it: aquastream env:up --service ${name}${name === 'postgres' ? '; to use another server, set DATABASE_URL' : ''}`,
    })
  }
  const local = await docker(['ps', '-q', '--no-trunc', '--filter', `id=${container}`])
  if (local.trim() === container) return container
  const node = (await listNodes()).find(({ID}) => ID === task.NodeID)?.Description.Hostname ?? 'another node'
  throw new AquastreamError('swarm-node', `${name} of ${project} runs on ${node}, not on this node`, {
    hint: `run the command on ${node}`,
  })
}
