import {isIP} from 'node:net'
import type {ImageNeed} from '../engines/engine.js'
import {isKnownHost, registryOf} from '../engines/registry.js'
import {type Check, ok, skipped, warning} from './check.js'
import {isUnreachable} from './engine.js'

/** Checks that the host names of the registries resolve, if images still have to be fetched from them. */
export const registry: Check = {
  name: 'registry',
  async run(context) {
    const {problems, images, target} = await context.plan()
    if (isUnreachable(problems)) return skipped('not checked: no engine is available')
    if ((await context.engine()).engine.name === 'embedded') return skipped(withoutImages(images))
    const hosts = images.flatMap(({image, how}) => {
      if (how === 'present') return []
      // A built image needs a base image of the default registry.
      return registryOf(how === 'pull' ? image : `${target.settings.values.IMAGE_PREFIX ?? ''}node`)
    })
    const names = [...new Set(hosts)].filter(host => isIP(host) === 0 && host !== 'localhost')
    if (names.length === 0) return skipped('no image needs to be fetched')
    const known = await Promise.all(names.map(host => isKnownHost(host, context.signal)))
    const unknown = names.filter((_, index) => !known[index])
    if (unknown.length === 0) return ok(`resolved ${names.join(', ')}`)
    return unknown.map(host =>
      warning(
        `the image registry ${host} cannot be resolved`,
        `check DNS: getent hosts ${host}; or set IMAGE_PREFIX to a mirror registry`,
      ),
    )
  },
}

function withoutImages(packages: ImageNeed[]): string {
  const fetched = packages.find(({how}) => how === 'pull')
  return fetched ? `the first start installs ${fetched.image} with npm` : 'no image needs to be fetched'
}
