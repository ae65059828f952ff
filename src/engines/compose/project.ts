import {fileURLToPath} from 'node:url'
import {SETTINGS} from '../../config/settings.js'
import {SERVICES} from '../../stack/catalogue.js'
import type {Target} from '../engine.js'
import {withoutComposeVariables} from './docker.js'

/** What the package carries for the engine. */
export const COMPOSE_FILE = fileURLToPath(
  new URL('../../../infra/compose/docker-compose.yml', import.meta.url),
)

/** The image of stubs and mocks, without its tag. */
export const STUB_IMAGE = 'aquastream/stub'

/** Beginning of every compose command that reads the file. */
export function composeArgs({settings}: Target): string[] {
  return ['compose', '-f', COMPOSE_FILE, '-p', settings.project, '--profile', settings.profile]
}

/**
 * What the compose file is filled in with. Values go by the environment: not by argv, which every process
 * can read, and not by a file, where Compose would take `$` for a variable.
 */
export function composeEnv(
  {settings}: Target,
  stubs: {services: string[]; image: string},
): NodeJS.ProcessEnv {
  const ours = new Set(SETTINGS.map(({name}) => name))
  const others = Object.entries(withoutComposeVariables(process.env)).filter(([name]) => !ours.has(name))
  const stubImages = SERVICES.filter(({name}) => stubs.services.includes(name)).map(
    ({imageVariable}) => [imageVariable, stubs.image] as const,
  )
  return {...Object.fromEntries(others), ...settings.values, ...Object.fromEntries(stubImages)}
}

/** The image that a service has under these settings; the same expression as in the compose file. */
export function imageOf(service: string, values: Readonly<Record<string, string>>): string {
  const {image, imageVariable, kind} = SERVICES.find(({name}) => name === service)!
  const tag = kind === 'infrastructure' ? '' : `:${values.BACKEND_VERSION}`
  return values[imageVariable] ?? `${values.IMAGE_PREFIX ?? ''}${image}${tag}`
}
