import {SERVICES} from '../../stack/catalogue.js'
import type {ServiceState} from '../../stack/state.js'
import {lastLines} from '../../system/text/last-lines.js'
import {type Finding, plainFinding} from '../causes.js'
import type {Diagnosis} from '../engine.js'
import {docker, tryDocker} from './docker.js'
import {findImages} from './images.js'

/** How many of a service's last lines are shown. */
const LOG_LINES = 12

/** Why a service cannot become healthy. Facts of the engine come first, words in a log second. */
export async function diagnose(state: ServiceState, verdict: string): Promise<Diagnosis> {
  const log = await lastLog(state)
  const health = state.health === 'unhealthy' ? lastLines(state.healthOutput, 4) : []
  const found =
    (await wrongArchitecture(state)) ??
    outOfMemory(state) ??
    wrongPassword(state, log) ??
    plainFinding(state, verdict)
  return {
    ...found,
    evidence: [
      ...(log.length > 0 ? [{title: `last lines of ${state.service}`, lines: log}] : []),
      ...(health.length > 0 ? [{title: `last health check of ${state.service}`, lines: health}] : []),
    ],
  }
}

async function lastLog({id}: ServiceState): Promise<string[]> {
  const {stdout, stderr} = await tryDocker(['logs', '--tail', String(LOG_LINES), id])
  return lastLines(`${stdout}\n${stderr}`, LOG_LINES)
}

/** An engine may run foreign images by emulation, so a difference alone is no error before the start. */
async function wrongArchitecture({image, service, state}: ServiceState): Promise<Finding | undefined> {
  const architecture = (await findImages([image])).get(image)?.architecture
  const engine = (await docker(['version', '--format', '{{.Server.Arch}}'])).trim()
  if (!architecture || architecture === engine || state === 'running') return undefined
  return {
    code: 'image-architecture',
    cause: `its image ${image} is made for ${architecture}, and this machine is ${engine}`,
    hint: `use an image for ${engine}: ${variableOf(service)}=…`,
  }
}

function outOfMemory({outOfMemory, service}: ServiceState): Finding | undefined {
  if (!outOfMemory) return undefined
  const {kind, name} = SERVICES.find(known => known.name === service) ?? {kind: 'backend', name: service}
  const variable = kind === 'backend' ? 'BACKEND_MEMORY' : `${name.toUpperCase()}_MEMORY`
  return {
    code: 'service-failed',
    cause: 'the kernel killed it (exit 137): it used more memory than its limit',
    hint: `give it more, such as ${variable}=1g`,
  }
}

/** The job that makes the schemas is the first that logs in to PostgreSQL. The server's words are English in the container. */
function wrongPassword({service, profile}: ServiceState, log: string[]): Finding | undefined {
  if (service !== 'postgres-schemas' || !log.some(line => line.includes('password authentication failed')))
    return undefined
  return {
    code: 'service-failed',
    cause: 'the database volume was made with another POSTGRES_USER or POSTGRES_PASSWORD, and keeps it',
    hint: `set the one that it was made with, or, if its data may go, aquastream env:down --volumes --profile ${profile}`,
  }
}

function variableOf(service: string): string {
  return SERVICES.find(({name}) => name === service)?.imageVariable ?? 'the variable of its image'
}
