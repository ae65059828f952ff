import type {Plan} from '../../engine.js'
import {listContainers, serviceOf} from '../containers/states.js'
import {digestsOf} from '../facts.js'
import {findImages} from '../images.js'
import {imageOf} from '../project.js'
import type {ImageChange} from './log.js'
import type {RecordedImage, RecordedUpdate} from './store.js'

/** Determines which images a start changes, after they have been fetched: only then their IDs are known. */
export async function changesOf(
  {target, changes}: Plan,
  updates: RecordedUpdate[],
  signal: AbortSignal,
): Promise<ImageChange[]> {
  if (changes.every(({images}) => images === undefined)) return []
  const {project, values} = target.settings
  const wanted = target.services.map(service => ({service, image: imageOf(service, values)}))
  const [containers, present] = await Promise.all([
    listContainers(project, signal),
    findImages([...new Set(wanted.map(({image}) => image))], signal),
  ])
  const digests = await digestsOf([...new Set(containers.map(({Image: id}) => id))], signal)
  return wanted.flatMap(({service, image}) => {
    const container = containers.find(candidate => serviceOf(candidate) === service)
    const to = present.get(image)
    if (!container || !to) return []
    const {Image: id, Config: config} = container
    const from = {image: nameOf(config.Image, id, updates), id, digests: digests.get(id) ?? []}
    return [{service, from, to: {image, id: to.id, digests: []}}]
  })
}

/** After a rollback the image of a container can be an ID; the history knows its name. */
function nameOf(image: string, id: string, updates: RecordedUpdate[]): string {
  if (image !== id) return image
  const known = updates.flatMap(({changes}) => changes.flatMap(({from, to}): RecordedImage[] => [from, to]))
  return known.find(other => other.id === id)?.image ?? image
}
