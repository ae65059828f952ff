import type {Target} from '../engine.js'
import {type Container, LABEL, serviceOf} from './containers/states.js'
import {tryDocker} from './docker.js'
import {composeArgs} from './project.js'

/** The configuration hash with which Compose would label a container, by service. */
export type Hashes = Map<string, string>

/** Parses the output of `docker compose config --hash`. */
export function parseHashes(output: string): Hashes {
  return new Map(output.split('\n').map(line => line.split(' ') as [string, string]))
}

/**
 * Corrects the hashes that differ from those of the containers. In Compose 2.26, `config --hash` includes the dependencies
 * on services of other profiles, and `up` does not: a service with such a dependency would count as changed for ever.
 * (Newer versions include no dependencies, see pkg/compose/hash.go of docker/compose.) The file is therefore reduced to
 * the services of the target, as `up` does, and read again.
 * @param options.env the environment with which Compose interpolates the file
 */
export async function correctHashes(
  {target, hashes}: {target: Target; hashes: Hashes},
  containers: Container[],
  options: {env: NodeJS.ProcessEnv; signal: AbortSignal},
): Promise<Hashes> {
  const names = [...target.jobs, ...target.services]
  const isChanged = (container: Container): boolean =>
    names.includes(serviceOf(container)) && hashes.get(serviceOf(container)) !== hashOf(container)
  if (!containers.some(isChanged)) return hashes
  const {project, profile} = target.settings
  const reduced = await tryDocker([...composeArgs(target), 'config', ...names], options)
  const again = ['compose', '-f', '-', '-p', project, '--profile', profile, 'config', '--hash', '*']
  // The file contains secrets, and is passed by a pipe. Values that contain `$` are escaped in it.
  const {ok, stdout} = await tryDocker(again, {...options, input: reduced.stdout})
  return reduced.ok && ok ? new Map([...hashes, ...parseHashes(stdout)]) : hashes
}

/** Returns the hash with which a container was created. */
export function hashOf({Config: {Labels: labels}}: Container): string | undefined {
  return labels[LABEL.hash]
}
