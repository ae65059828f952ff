import {SETTINGS} from '../../config/settings.js'
import * as z from '../../system/zod.js'
import {COMPOSE_FILE, composeEnv} from '../compose/project.js'
import {docker, tryDocker} from '../docker/command.js'
import type {Target} from '../engine.js'
import type {NodeFacts} from './cluster/cluster.js'
import type {StackNetwork} from './cluster/store.js'
import type {PinnedImage} from './translate/command.js'
import {type ComposeFile, parseComposeFile} from './translate/compose-file.js'
import {type Secret, secretsOf} from './translate/secrets.js'
import type {ServiceSpec} from './translate/spec.js'
import {configsOf, isolatedNetwork, type StackConfig, translate} from './translate/translate.js'

/** Everything that a target needs in a Swarm. */
export interface StackSpecs {
  file: ComposeFile
  secrets: Secret[]
  configs: StackConfig[]
  networks: StackNetwork[]
  /** The specification of each service and job whose image is present on this node. */
  specs: Map<string, ServiceSpec>
}

/** The Compose profile of the services that only this engine runs. */
const SWARM_PROFILE = 'swarm'

/**
 * Translates the Compose file under the settings of a target.
 * @throws compose-unknown; engine-failed: Compose cannot read the file
 */
export async function readSpecs(target: Target, nodes: NodeFacts, signal: AbortSignal): Promise<StackSpecs> {
  const {project, profile, values} = target.settings
  const profiles = ['--profile', profile, '--profile', SWARM_PROFILE]
  const args = ['compose', '-f', COMPOSE_FILE, '-p', project, ...profiles, 'config', '--format', 'json']
  const env = composeEnv(target, {services: [], image: ''})
  const file = parseComposeFile(await docker(args, {env, signal}))
  const names = [...target.jobs, ...target.services]
  const images = await pinImages([...new Set(names.map(name => file.services[name]!.image))], signal)
  const secrets = secretsOf(project, secretValues(values))
  const present = names.filter(name => images.has(file.services[name]!.image))
  const surroundings = {project, values, images, secrets, nodes}
  const encrypted = values.AQUASTREAM_SWARM_ENCRYPTED === 'yes'
  const specs = new Map(present.map(name => [name, translate(name, file, surroundings)]))
  return {
    file,
    secrets: secrets.filter(({name}) => usesSecret(specs, name)),
    configs: [...configsOf(file, project).values()],
    networks: [
      ...Object.values(file.networks).map(({name, labels}) => ({name, internal: false, encrypted, labels})),
      {name: isolatedNetwork(file), internal: true, encrypted, labels: {}},
    ],
    specs,
  }
}

function secretValues(values: Target['settings']['values']): Record<string, string> {
  const names = SETTINGS.filter(({secret, readBy}) => secret && readBy !== 'cli').map(({name}) => name)
  return Object.fromEntries(names.flatMap(name => (values[name] ? [[name, values[name]]] : [])))
}

function usesSecret(specs: Map<string, ServiceSpec>, secret: string): boolean {
  return [...specs.values()].some(
    ({
      TaskTemplate: {
        ContainerSpec: {Secrets: used},
      },
    }) => (used ?? []).some(({SecretName: name}) => name === secret),
  )
}

const words = z
  .array(z.string())
  .nullish()
  .transform(value => value ?? [])
const imageSchema = z.array(
  z.object({
    Id: z.string(),
    RepoDigests: words,
    Config: z.object({Entrypoint: words, Cmd: words}),
  }),
)

/** Pins the images that are present on this node: to a digest of a registry, otherwise to their ID. */
async function pinImages(images: string[], signal: AbortSignal): Promise<Map<string, PinnedImage>> {
  const found = await Promise.all(
    images.map(async image => {
      const [entry] = await inspectImage(image, signal)
      if (!entry) return []
      const {
        Id: id,
        RepoDigests: digests,
        Config: {Entrypoint: entrypoint, Cmd: command},
      } = entry
      return [[image, {id, pinned: digestOf(image, digests) ?? id, entrypoint, command}] as const]
    }),
  )
  return new Map(found.flat())
}

/**
 * Returns the digest of an image in its own repository. An image may have names in several, and another registry may ask for
 * other credentials, or not be reachable.
 */
export function digestOf(image: string, digests: string[]): string | undefined {
  const repository = repositoryOf(image)
  return digests.find(digest => repositoryOf(digest) === repository)
}

/** Docker Engine leaves the registry and the first folder of Docker Hub out of a digest. */
function repositoryOf(image: string): string {
  return image
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '')
    .replace(/^(?:index\.)?docker\.io\//, '')
    .replace(/^library\//, '')
}

async function inspectImage(image: string, signal: AbortSignal) {
  const {stdout} = await tryDocker(['image', 'inspect', image], {signal})
  return imageSchema.parse(JSON.parse(stdout || '[]'))
}
