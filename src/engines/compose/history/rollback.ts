import {loadSettings} from '../../../config/load.js'
import {AquastreamError, throwProblems} from '../../../errors.js'
import {SERVICES} from '../../../stack/catalogue.js'
import {tryDocker} from '../../docker/command.js'
import type {PreviousVersion} from '../../engine.js'
import {findPrevious} from '../../previous.js'
import type {StackContext} from '../../stack-context.js'
import {listContainers, serviceOf} from '../containers/states.js'
import {findImages} from '../images.js'
import {recreateServices} from '../start.js'
import type {ImageChange, UpdateLog} from './log.js'
import {type Place, readUpdates, type RecordedImage} from './store.js'

/** Finds what ran before the last update of each service; see History. */
export async function findPreviousImages(
  place: Place,
  names: string[],
  signal: AbortSignal,
): Promise<PreviousVersion[]> {
  const [{updates}, containers] = await Promise.all([
    readUpdates(place),
    listContainers(place.project, signal),
  ])
  const running = new Map(containers.map(container => [serviceOf(container), container.Image]))
  const found = findPrevious(updates, names, (service, {id}) => running.get(service) === id)
  return found.map(({service, from, update}) => {
    const {to} = updates.find(({id}) => id === update)!.changes.find(change => change.service === service)!
    return {service, from: to.image, to: from.image, update}
  })
}

/** Recreates services with the images that the history has, with the current settings. */
export async function rollBack(
  versions: PreviousVersion[],
  {stack, log, signal}: {stack: StackContext; log: UpdateLog; signal: AbortSignal},
): Promise<void> {
  const settings = await loadSettings(stack)
  throwProblems(settings.problems)
  const {updates} = await readUpdates(stack)
  const changes = versions.map(({service, update}): ImageChange => {
    const change = updates.find(({id}) => id === update)?.changes.find(other => other.service === service)
    if (!change) throw gone(service)
    return {service, from: change.to, to: change.from}
  })
  const images = new Map<string, string>()
  for (const {service, to} of changes) images.set(variableOf(service), await present(service, to, signal))
  const target = {
    settings: {...settings, values: {...settings.values, ...Object.fromEntries(images)}},
    services: changes.map(({service}) => service),
    jobs: [],
    pull: false,
    stub: [],
    real: [],
  }
  await log.begin('env:rollback', changes)
  await recreateServices(target, signal)
}

function variableOf(service: string): string {
  return SERVICES.find(({name}) => name === service)!.imageVariable
}

/**
 * Returns how an image is called now: by its name if that still has the same content, otherwise by its ID. An image that
 * was removed from this machine is pulled by its digest.
 * @throws image-missing
 */
async function present(
  service: string,
  {image, id, digests}: RecordedImage,
  signal: AbortSignal,
): Promise<string> {
  if ((await findImages([image], signal)).get(image)?.id === id) return image
  const isHere = async (): Promise<boolean> => (await findImages([id], signal)).get(id)?.id === id
  if (await isHere()) return id
  for (const digest of digests)
    if ((await tryDocker(['pull', digest], {signal})).ok && (await isHere())) return id
  throw new AquastreamError(
    'image-missing',
    `${service} cannot be rolled back to ${image}: its image ${id.slice(0, 19)} no longer exists on this machine, and could not be pulled`,
    {hint: `set ${variableOf(service)} to an image that exists, then start it: aquastream env:up`},
  )
}

function gone(service: string): AquastreamError {
  return new AquastreamError('no-such-update', `the update of ${service} is no longer in the history`, {
    hint: 'list the updates: aquastream env:history',
  })
}
