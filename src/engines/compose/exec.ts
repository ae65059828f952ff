import {execa} from '../../system/execa.js'
import {AquastreamError} from '../../errors.js'
import type {Program} from '../../system/program.js'
import {startProgram} from '../../system/program.js'
import {dockerOptions} from '../docker/options.js'
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
  if (!container || !isRunning(container)) throw notRunning(project, service)
  return execInContainer(container.Id)
}

/** The error about a data service in which no program can be started. */
export function notRunning(project: string, service: 'postgres' | 'redis'): AquastreamError {
  const other = service === 'postgres' ? '; to use another server, set DATABASE_URL' : ''
  return new AquastreamError('not-healthy', `${service} of ${project} is not running`, {
    hint: `start it: aquastream env:up --service ${service}${other}`,
  })
}

/** Returns a function that starts programs in a container, see execIn. */
export function execInContainer(id: string): (program: string[], env: Record<string, string>) => Program {
  return (program, env) => {
    const names = Object.keys(env).flatMap(name => ['--env', name])
    const options = dockerOptions({})
    return startProgram(
      execa('docker', ['exec', '--interactive', ...names, id, ...program], {
        ...options,
        env: {...options.env, ...env},
        stdin: 'pipe',
        buffer: {stdout: false, stderr: true},
      }),
    )
  }
}
