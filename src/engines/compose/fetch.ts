import {type Problem, throwProblems} from '../../errors.js'
import {SERVICES} from '../../stack/catalogue.js'
import {lastLines} from '../../system/text/last-lines.js'
import {tryDocker} from '../docker/command.js'
import {isEngineLocal} from '../docker/endpoint.js'
import type {Context, EngineEvent, ImageNeed, Plan, Target} from '../engine.js'
import {isRegistryReachable, registryOf} from '../registry.js'
import {STUBS} from '../stubs.js'

/** An image that could not be fetched, and the reason that Docker gives. */
interface Missing {
  need: ImageNeed
  reason: string
}

/**
 * Pulls and builds all missing images concurrently.
 * @throws image-missing, with a problem for each different reason
 */
export async function fetchImages({images, target}: Plan, ctx: Context<EngineEvent>): Promise<void> {
  const wanted = images.filter(({how}) => how !== 'present')
  const results = await Promise.all(
    wanted.map(async (need): Promise<Missing | undefined> => {
      const {image, how} = need
      ctx.on({type: 'image', image, state: how === 'build' ? 'building' : 'pulling'})
      const reason = how === 'build' ? await build(image, target, ctx) : await pull(image, ctx)
      if (reason !== undefined) return {need, reason}
      ctx.on({type: 'image', image, state: 'ready'})
      return undefined
    }),
  )
  const missing = results.filter(result => result !== undefined)
  const problems = await Promise.all(
    groupByReason(missing).map(async group => problemOf(group, target, ctx.signal)),
  )
  throwProblems(problems)
}

/** Returns why an image cannot be pulled; undefined if it was pulled. */
async function pull(image: string, {on, signal}: Context<EngineEvent>): Promise<string | undefined> {
  const layers = new Map<string, boolean>()
  const onLine = (line: string): void => {
    // The states that the docker command prints. They are always in English, and are used only to show progress.
    const [, layer, state] = /^(\w+): (Pulling fs layer|Already exists|Pull complete)/.exec(line) ?? []
    if (!layer) return
    layers.set(layer, state !== 'Pulling fs layer')
    const done = [...layers.values()].filter(Boolean).length
    on({type: 'image', image, state: 'pulling', detail: `${done} of ${layers.size} layers`})
  }
  const {ok, stderr} = await tryDocker(['pull', image], {signal, onLine})
  return ok ? undefined : (lastLines(stderr, 1)[0] ?? 'no reason given')
}

/** Returns why the stub image cannot be built; undefined if it was built. */
async function build(
  image: string,
  {settings}: Target,
  {signal}: Context<EngineEvent>,
): Promise<string | undefined> {
  const prefix = settings.values.IMAGE_PREFIX ?? ''
  const args = ['build', '--quiet', '--tag', image, '--build-arg', `IMAGE_PREFIX=${prefix}`, STUBS]
  const {ok, stderr} = await tryDocker(args, {signal})
  return ok ? undefined : (lastLines(stderr, 1)[0] ?? 'no reason given')
}

/**
 * Groups the images of one registry for which Docker gives the same reason, such as a host name that is unknown. The
 * name of the image and numbers, such as the port of a request, make no difference.
 */
function groupByReason(missing: Missing[]): Missing[][] {
  const groups = new Map<string, Missing[]>()
  for (const entry of missing) {
    const {image, how} = entry.need
    const name = image.replace(/:[^/:]*$/, '')
    const reason = entry.reason.replaceAll(name, '').replace(/\d+/g, '')
    const key = [how, registryOf(image), reason].join('\n')
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  return [...groups.values()]
}

async function problemOf(group: Missing[], {settings}: Target, signal: AbortSignal): Promise<Problem> {
  const [{need, reason}] = group as [Missing]
  if (need.how === 'build') return buildProblem(need, reason, settings.values.IMAGE_PREFIX ?? '')
  const images = group.map(({need: {image, services}}) => `${image} of ${services.join(', ')}`)
  return {
    code: 'image-missing',
    message: `${images.length === 1 ? 'image' : 'images'} ${images.join(', ')} cannot be pulled (${reason})`,
    hint: await pullHint(group, signal),
  }
}

function buildProblem({services}: ImageNeed, reason: string, prefix: string): Problem {
  return {
    code: 'image-missing',
    message: `the stub image for ${services.join(', ')} cannot be built (${reason})`,
    hint: `its base image is ${prefix}node:20-alpine: set IMAGE_PREFIX to a registry that has it`,
  }
}

/** An image variable does not help against a registry that this machine cannot reach. */
async function pullHint(group: Missing[], signal: AbortSignal): Promise<string> {
  const {image} = group[0]!.need
  const host = registryOf(image)
  if ((await isEngineLocal()) && !(await isRegistryReachable(image, signal))) {
    return `this machine cannot reach the registry: check its network, its DNS (getent hosts ${host}) and the proxy of Docker; without access, set IMAGE_PREFIX to a registry that it reaches, or load the images with docker load`
  }
  const services = group.flatMap(({need}) => need.services)
  const variables = SERVICES.filter(({name}) => services.includes(name)).map(
    ({imageVariable}) => imageVariable,
  )
  return `set ${variables.join(', ')} to an existing image, or IMAGE_PREFIX to a registry that has it; for a private registry run docker login first`
}
