import {isIP} from 'node:net'
import {execa} from 'execa'
import type {ImageNeed} from '../engines/engine.js'
import {type Check, ok, skipped, warning} from './check.js'
import {isUnreachable} from './engine.js'

/** The longest wait for a name, in ms. */
const ANSWER_MS = 5000

/** Whether the names of the registries are known, where images still have to come from there. */
export const registry: Check = {
  name: 'registry',
  async look(patient) {
    const {problems, images, target} = await patient.plan()
    if (isUnreachable(problems)) return skipped('there is no engine to ask')
    if ((await patient.stack()).engine.name === 'embedded') return skipped(withoutImages(images))
    const hosts = images.flatMap(({image, how}) => {
      if (how === 'present') return []
      // What is built begins with a base image of the usual registry.
      return registryOf(how === 'pull' ? image : `${target.settings.values.IMAGE_PREFIX ?? ''}node`)
    })
    const names = [...new Set(hosts)].filter(host => isIP(host) === 0 && host !== 'localhost')
    if (names.length === 0) return skipped('no image has to be fetched')
    const known = await Promise.all(names.map(host => isKnown(host, patient.signal)))
    const unknown = names.filter((_, index) => !known[index])
    if (unknown.length === 0) return ok(`${names.join(', ')} can be found`)
    return unknown.map(host =>
      warning(
        `the address of ${host}, where images come from, cannot be found`,
        `see what is wrong with DNS: getent hosts ${host}; a mirror is named by IMAGE_PREFIX`,
      ),
    )
  },
}

function withoutImages(packages: ImageNeed[]): string {
  const fetched = packages.find(({how}) => how === 'pull')
  return fetched ? `the first start fetches ${fetched.image} with npm` : 'no image has to be fetched'
}

/** https://pkg.go.dev/github.com/distribution/reference: the first part is a host if it looks like one. */
function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return isHost ? first.replace(/:\d+$/, '') : 'registry-1.docker.io'
}

/** In a process of its own: the system's resolver cannot be interrupted, and a server may never answer it. */
async function isKnown(host: string, cancelSignal: AbortSignal): Promise<boolean> {
  const script = `require('node:dns').lookup(process.argv[1], error => process.exit(error ? 1 : 0))`
  const {exitCode} = await execa(process.execPath, ['-e', script, host], {
    stdin: 'ignore',
    reject: false,
    timeout: ANSWER_MS,
    cancelSignal,
  })
  return exitCode === 0
}
