import type {ServiceFacts} from '../engine.js'
import {tryDocker} from './docker.js'
import {type Container, listContainers, serviceOf} from './states.js'

/** What a report says of each container beyond its state. */
export async function readFacts(project: string, signal?: AbortSignal): Promise<ServiceFacts[]> {
  const containers = await listContainers(project, signal)
  const digests = await digestsOf([...new Set(containers.map(({Image: id}) => id))], signal)
  return containers.map(container => ({
    service: serviceOf(container),
    image: {id: container.Image, digests: digests.get(container.Image) ?? []},
    checks: (container.State.Health?.Log ?? []).map(({Start: at, ExitCode: exitCode, Output: output}) => ({
      at,
      exitCode,
      output,
    })),
    environment: environmentOf(container),
  }))
}

/** An image that was built here, or removed since, has none. */
async function digestsOf(ids: string[], signal?: AbortSignal): Promise<Map<string, string[]>> {
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

/** The engine and the programs that drive it; what does not answer is left out. */
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
