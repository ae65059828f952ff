import {tryDocker} from '../docker/command.js'
import type {ServiceFacts} from '../engine.js'
import {type Container, listContainers, serviceOf} from './containers/states.js'

/** Reads the details of each container for the support bundle. */
export async function readFacts(project: string, signal?: AbortSignal): Promise<ServiceFacts[]> {
  return factsOf(await listContainers(project, signal), serviceOf, signal)
}

/** Reads the details of containers; `nameOf` tells the service of each. */
export async function factsOf(
  containers: Container[],
  nameOf: (container: Container) => string,
  signal?: AbortSignal,
): Promise<ServiceFacts[]> {
  const digests = await digestsOf([...new Set(containers.map(({Image: id}) => id))], signal)
  return containers.map(container => ({
    service: nameOf(container),
    image: {id: container.Image, digests: digests.get(container.Image) ?? []},
    checks: (container.State.Health?.Log ?? []).map(({Start: at, ExitCode: exitCode, Output: output}) => ({
      at,
      exitCode,
      output,
    })),
    environment: environmentOf(container),
  }))
}

/** Returns registry digests by image ID. An image that was built locally or has been removed has none. */
export async function digestsOf(ids: string[], signal?: AbortSignal): Promise<Map<string, string[]>> {
  if (ids.length === 0) return new Map()
  const format = '{{.Id}} {{json .RepoDigests}}'
  const {stdout} = await tryDocker(['image', 'inspect', '--format', format, ...ids], {signal})
  return new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map(line => {
        const [id = '', json = '[]'] = line.split(' ', 2)
        return [id, (JSON.parse(json) as string[] | null) ?? []]
      }),
  )
}

function environmentOf({Config: {Env: lines}}: Container): Record<string, string> {
  return Object.fromEntries(
    (lines ?? []).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** Reads the versions of the docker command, Docker Engine and Docker Compose; what does not respond is omitted. */
export async function readVersions(signal?: AbortSignal): Promise<Record<string, string>> {
  const [client, server, compose] = await Promise.all([
    tryDocker(['--version'], {signal}),
    tryDocker(['version', '--format', '{{.Server.Version}} {{.Server.Os}}/{{.Server.Arch}}'], {signal}),
    tryDocker(['compose', 'version', '--short'], {signal}),
  ])
  const found = {'docker command': client, 'Docker Engine': server, 'Docker Compose': compose}
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, {ok, stdout}]) =>
      ok ? [[name, stdout.trim().replace(/^Docker version ([^,]*).*/, '$1')]] : [],
    ),
  )
}
