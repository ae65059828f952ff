import {SERVICES} from '../../stack/catalogue.js'
import type {ServiceState} from '../../stack/state.js'
import {lastLines} from '../../system/text/last-lines.js'
import {type Cause, plainCause} from '../causes.js'
import type {Diagnosis} from '../engine.js'
import {docker, tryDocker} from './docker.js'
import {findImages} from './images.js'

/** The number of last log lines that are shown. */
const LOG_LINES = 12

/** Finds out why a service cannot become healthy, by facts from Docker Engine only: logs may be in any language. */
export async function diagnose(state: ServiceState, verdict: string): Promise<Diagnosis> {
  const log = await lastLog(state)
  const health = state.health === 'unhealthy' ? lastLines(state.healthOutput, 4) : []
  const found =
    (await wrongArchitecture(state)) ??
    outOfMemory(state) ??
    refusedLogin(state) ??
    plainCause(state, verdict)
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

/** Docker Engine may run images of another architecture by emulation, so a mismatch alone is not an error. */
async function wrongArchitecture({image, service, state}: ServiceState): Promise<Cause | undefined> {
  const architecture = (await findImages([image])).get(image)?.architecture
  const engine = (await docker(['version', '--format', '{{.Server.Arch}}'])).trim()
  if (!architecture || architecture === engine || state === 'running') return undefined
  return {
    code: 'image-architecture',
    cause: `its image ${image} was built for ${architecture}, but this machine is ${engine}`,
    hint: `use an image for ${engine}: ${variableOf(service)}=…`,
  }
}

function outOfMemory({outOfMemory, service}: ServiceState): Cause | undefined {
  if (!outOfMemory) return undefined
  const {kind, name} = SERVICES.find(known => known.name === service) ?? {kind: 'backend', name: service}
  const variable = kind === 'backend' ? 'BACKEND_MEMORY' : `${name.toUpperCase()}_MEMORY`
  return {
    code: 'service-failed',
    cause: 'the kernel killed it because it exceeded its memory limit (exit status 137)',
    hint: `raise the limit, for example ${variable}=1g`,
  }
}

/** The exit status of psql without a connection: https://www.postgresql.org/docs/current/app-psql.html */
const NO_CONNECTION = 2

/** The job that creates the schemas is the first to log in to PostgreSQL, and starts when PostgreSQL is healthy. */
function refusedLogin({service, profile, exitCode}: ServiceState): Cause | undefined {
  if (service !== 'postgres-schemas' || exitCode !== NO_CONNECTION) return undefined
  return {
    code: 'service-failed',
    cause: 'the database volume was created with a different POSTGRES_USER, POSTGRES_PASSWORD or POSTGRES_DB',
    hint: `set the original values, or delete the volume with its data: aquastream env:down --volumes --profile ${profile}`,
  }
}

function variableOf(service: string): string {
  return SERVICES.find(({name}) => name === service)?.imageVariable ?? 'the image variable'
}
