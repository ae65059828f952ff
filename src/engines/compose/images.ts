import {AquastreamError, type Problem} from '../../errors.js'
import {SERVICES} from '../../stack/catalogue.js'
import {lastLines} from '../../system/text/last-lines.js'
import type {Context, EngineEvent, ImageNeed, Plan, Target} from '../engine.js'
import {hashStubs, STUBS} from '../stubs.js'
import {tryDocker} from './docker.js'
import {imageOf, STUB_IMAGE} from './project.js'

/** An image that the engine has. */
export interface PresentImage {
  id: string
  architecture: string
}

/** The images of the target: which one each service gets, and how it comes here. */
export interface ImageChoice {
  needs: ImageNeed[]
  /** Services that the stand-in plays, and its image. */
  stubs: {services: string[]; image: string}
  present: Map<string, PresentImage>
}

/**
 * In dev, unless the target says which, a backend whose image the engine does not have is played by the stub, and
 * so are the mocks, if no variable names the image. Everywhere else an image is present or is pulled.
 */
export async function chooseImages(target: Target, signal: AbortSignal): Promise<ImageChoice> {
  const {profile, values} = target.settings
  // The same is not built twice.
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

/** Those of the images that the engine has, by the name asked for. */
export async function findImages(images: string[], signal?: AbortSignal): Promise<Map<string, PresentImage>> {
  const format = '{"id": {{json .Id}}, "architecture": {{json .Architecture}}}'
  const {ok, stdout} = await tryDocker(['image', 'inspect', '--format', format, ...images], {signal})
  const found = stdout.split('\n').filter(Boolean)
  if (ok) return new Map(found.map((line, index) => [images[index]!, JSON.parse(line) as PresentImage]))
  // Which of several are missing is told in words only, so each is asked for alone.
  if (images.length === 1) return new Map()
  const each = await Promise.all(images.map(image => findImages([image], signal)))
  return new Map(each.flatMap(map => [...map]))
}

/** Brings every missing image here, all at once, and fails with all that could not be had. */
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
    message: `the image ${image} of ${services.join(', ')} cannot be pulled (${lastLines(stderr, 1)[0] ?? 'no reason given'})`,
    hint: `set ${variables.join(', ')} to an image that exists, or IMAGE_PREFIX to a registry that has it, and log in with docker login if it is private`,
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
