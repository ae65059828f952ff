import {execa} from '../../system/execa.js'
import {AquastreamError} from '../../errors.js'
import type {Program} from '../../system/program.js'
import {startProgram} from '../../system/program.js'
import {dockerOptions} from './docker.js'
import {isRunning, listContainers, serviceOf} from './containers/states.js'

/**
 * Returns a function that starts programs in the container of a service. No terminal is allocated, because it would
 * alter binary data.
 * @throws not-healthy
 */
export async function execIn(
  project: string,
  service: 'postgres' | 'redis',
): Promise<(program: string[], env: Record<string, string>) => Program> {
  const container = (await listContainers(project)).find(candidate => serviceOf(candidate) === service)
  if (!container || !isRunning(container)) {
    const other = service === 'postgres' ? '; to use another server, set DATABASE_URL' : ''
    throw new AquastreamError('not-healthy', `${service} of ${project} is not running`, {
      hint: `start it: aquastream env:up --service ${service}${other}`,
    })
  }
  return (program, env) => {
    const names = Object.keys(env).flatMap(name => ['--env', name])
    const options = dockerOptions({})
    return startProgram(
      execa('docker', ['exec', '--interactive', ...names, container.Id, ...program], {
        ...options,
        env: {...options.env, ...env},
        stdin: 'pipe',
        buffer: {stdout: false, stderr: true},
      }),
    )
  }
}
