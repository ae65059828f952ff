import {AquastreamError, type Problem} from '../../errors.js'
import {SERVICES} from '../../stack/catalogue.js'
import {lastLines} from '../../system/text/last-lines.js'
import type {Context, EngineEvent, ImageNeed, Plan, Target} from '../engine.js'
import {hashStubs, STUBS} from '../stubs.js'
import {tryDocker} from './docker.js'
import {imageOf, STUB_IMAGE} from './project.js'

/** An image that is present in Docker Engine. */
export interface PresentImage {
  id: string
  architecture: string
}

/** The images of a target: which image each service runs, and how it is obtained. */
export interface ImageChoice {
  needs: ImageNeed[]
  /** The services that run the stub image, and the name of that image. */
  stubs: {services: string[]; image: string}
  present: Map<string, PresentImage>
}

/**
 * Chooses the image of each service. In dev a backend or the mocks run the stub image if their own image is not present
 * and no variable sets it, unless the target decides otherwise. Every other image is present or is pulled.
 */
export async function chooseImages(target: Target, signal: AbortSignal): Promise<ImageChoice> {
  const {profile, values} = target.settings
  // The tag is a hash of the content, so that an unchanged image is not built again.
  const stubImage = `${STUB_IMAGE}:${await hashStubs()}`
  const wanted = target.services.map(service => ({service, image: imageOf(service, values)}))
  const present = await findImages([...new Set(wanted.map(({image}) => image)), stubImage], signal)
  const isStub = ({service, image}: {service: string; image: string}): boolean => {
    const {kind, imageVariable} = SERVICES.find(({name}) => name === service)!
    if (target.stub.includes(service)) return true
    if (target.real.includes(service) || kind === 'infrastructure') return false
    return profile === 'dev' && !values[imageVariable] && !present.has(image)
  }
  const services = wanted.filter(isStub).map(({service}) => service)
  const real = wanted.filter(({service}) => !services.includes(service))
  const needs = new Map<string, ImageNeed>()
  for (const {service, image} of real) {
    const need = needs.get(image) ?? {
      image,
      services: [],
      how: present.has(image) && !target.pull ? 'present' : 'pull',
    }
    needs.set(image, {...need, services: [...need.services, service]})
  }
  if (services.length > 0) {
    needs.set(stubImage, {image: stubImage, services, how: present.has(stubImage) ? 'present' : 'build'})
  }
  return {needs: [...needs.values()], stubs: {services, image: stubImage}, present}
}

/** Returns the images that are present in Docker Engine, by the requested name. */
export async function findImages(images: string[], signal?: AbortSignal): Promise<Map<string, PresentImage>> {
  const format = '{"id": {{json .Id}}, "architecture": {{json .Architecture}}}'
  const {ok, stdout} = await tryDocker(['image', 'inspect', '--format', format, ...images], {signal})
  const found = stdout.split('\n').filter(Boolean)
  if (ok) return new Map(found.map((line, index) => [images[index]!, JSON.parse(line) as PresentImage]))
  // Only the text of the error says which images are missing, so each is queried separately.
  if (images.length === 1) return new Map()
  const each = await Promise.all(images.map(image => findImages([image], signal)))
  return new Map(each.flatMap(map => [...map]))
}

/**
 * Pulls and builds all missing images concurrently.
 * @throws image-missing, with a problem for each image that could not be pulled or built
 */
export async function fetchImages({images, target}: Plan, ctx: Context<EngineEvent>): Promise<void> {
  const missing = images.filter(({how}) => how !== 'present')
  const results = await Promise.all(
    missing.map(async need => {
      ctx.on({type: 'image', image: need.image, state: need.how === 'build' ? 'building' : 'pulling'})
      const problem = need.how === 'build' ? await build(need, target, ctx) : await pull(need, ctx)
      if (!problem) ctx.on({type: 'image', image: need.image, state: 'ready'})
      return problem ?? []
    }),
  )
  const problems = results.flat()
  if (problems.length > 0)
    throw new AquastreamError('image-missing', problems.map(({message}) => message).join('; '), {
      hint: problems[0]!.hint,
      problems,
    })
}

async function pull(
  {image, services}: ImageNeed,
  {on, signal}: Context<EngineEvent>,
): Promise<Problem | undefined> {
  const layers = new Map<string, boolean>()
  const onLine = (line: string): void => {
    // As the docker command prints them, in English always; for progress alone.
    const [, layer, state] = /^(\w+): (Pulling fs layer|Already exists|Pull complete)/.exec(line) ?? []
    if (!layer) return
    layers.set(layer, state !== 'Pulling fs layer')
    const done = [...layers.values()].filter(Boolean).length
    on({type: 'image', image, state: 'pulling', detail: `${done} of ${layers.size} layers`})
  }
  const {ok, stderr} = await tryDocker(['pull', image], {signal, onLine})
  if (ok) return undefined
  const variables = SERVICES.filter(({name}) => services.includes(name)).map(
    ({imageVariable}) => imageVariable,
  )
  return {
    code: 'image-missing',
    message: `image ${image} of ${services.join(', ')} cannot be pulled (${lastLines(stderr, 1)[0] ?? 'no reason given'})`,
    hint: `set ${variables.join(', ')} to an existing image, or IMAGE_PREFIX to a registry that has it; for a private registry run docker login first`,
  }
}

async function build(
  need: ImageNeed,
  {settings}: Target,
  {signal}: Context<EngineEvent>,
): Promise<Problem | undefined> {
  const prefix = settings.values.IMAGE_PREFIX ?? ''
  const args = ['build', '--quiet', '--tag', need.image, '--build-arg', `IMAGE_PREFIX=${prefix}`, STUBS]
  const {ok, stderr} = await tryDocker(args, {signal})
  if (ok) return undefined
  return {
    code: 'image-missing',
    message: `the stub image for ${need.services.join(', ')} cannot be built (${lastLines(stderr, 1)[0] ?? 'no reason given'})`,
    hint: `its base image is ${prefix}node:20-alpine: set IMAGE_PREFIX to a registry that has it`,
  }
}
