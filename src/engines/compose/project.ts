import {fileURLToPath} from 'node:url'
import {SETTINGS} from '../../config/settings.js'
import {SERVICES} from '../../stack/catalogue.js'
import {dockerEnvironment} from '../docker/options.js'
import type {Target} from '../engine.js'

/** The Compose file, which is shipped with the package. */
export const COMPOSE_FILE = fileURLToPath(
  new URL('../../../infra/compose/docker-compose.yml', import.meta.url),
)

/** The name of the stub image, which the mocks use as well, without its tag. */
export const STUB_IMAGE = 'aquastream/stub'

/**
 * Returns the first arguments of every docker command that reads the Compose file.
 * @param more arguments that add another file
 */
export function composeArgs({settings}: Target, more: string[] = []): string[] {
  return ['compose', '-f', COMPOSE_FILE, ...more, '-p', settings.project, '--profile', settings.profile]
}

/**
 * Returns a second Compose file, which removes the dependencies on services that are not in the target: in stage and prod,
 * those on the mocks. In Compose 2.26, `config --hash` includes them and `up` does not, so a service with such a
 * dependency would count as changed for ever. Newer versions include no dependencies, see pkg/compose/hash.go of
 * docker/compose. The tag `!reset` requires Compose 2.24.
 */
export function withoutDependenciesOutside({services}: Target): string {
  const reset = SERVICES.flatMap(({name, needs}) => {
    const outside = needs.filter(need => !services.includes(need))
    if (!services.includes(name) || outside.length === 0) return []
    return [`  ${name}:\n    depends_on:\n${outside.map(need => `      ${need}: !reset null\n`).join('')}`]
  })
  return reset.length === 0 ? 'services: {}\n' : `services:\n${reset.join('')}`
}

/**
 * Returns the environment with which Compose interpolates the file. Values are passed by the environment: any process
 * can read arguments, and in an env file Compose would interpolate `$`.
 */
export function composeEnv(
  {settings}: Target,
  stubs: {services: string[]; image: string},
): NodeJS.ProcessEnv {
  const ours = new Set(SETTINGS.map(({name}) => name))
  const others = Object.entries(dockerEnvironment()).filter(([name]) => !ours.has(name))
  const stubImages = SERVICES.filter(({name}) => stubs.services.includes(name)).map(
    ({imageVariable}) => [imageVariable, stubs.image] as const,
  )
  return {...Object.fromEntries(others), ...settings.values, ...Object.fromEntries(stubImages)}
}

/** Returns the image of a service under these settings, by the same expression as in the Compose file. */
export function imageOf(service: string, values: Readonly<Record<string, string>>): string {
  const {image, imageVariable, kind} = SERVICES.find(({name}) => name === service)!
  const tag = kind === 'backend' || kind === 'mocks' ? `:${values.BACKEND_VERSION}` : ''
  return values[imageVariable] ?? `${values.IMAGE_PREFIX ?? ''}${image}${tag}`
}
