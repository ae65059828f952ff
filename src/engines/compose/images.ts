import {SERVICES} from '../../stack/catalogue.js'
import {tryDocker} from '../docker/command.js'
import type {ImageNeed, Target} from '../engine.js'
import {hashStubs} from '../stubs.js'
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
  // Only dev runs stubs, and a missing image costs more requests.
  const names = [...wanted.map(({image}) => image), ...(profile === 'dev' ? [stubImage] : [])]
  const present = await findImages([...new Set(names)], signal)
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

/** The format of `docker image inspect` in findImages. */
const FORMAT = `{"id": {{json .Id}}, "architecture": {{json .Architecture}}, "tags": {{json .RepoTags}}}`

/** Returns the images that are present in Docker Engine, by the requested name. */
export async function findImages(images: string[], signal?: AbortSignal): Promise<Map<string, PresentImage>> {
  const {ok, stdout} = await tryDocker(['image', 'inspect', '--format', FORMAT, ...images], {signal})
  const found = stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as PresentImage & {tags: string[] | null})
  if (ok) return new Map(found.map((image, index) => [images[index]!, image]))
  // Only the text of the error says which images are missing. Usually the tags of those that were found do, too.
  const tagged = images.flatMap(name => {
    const image = found.find(({tags}) => tags?.includes(name))
    return image ? [[name, image] as const] : []
  })
  if (tagged.length === found.length) return new Map(tagged)
  const each = await Promise.all(images.map(image => findImages([image], signal)))
  return new Map(each.flatMap(map => [...map]))
}
