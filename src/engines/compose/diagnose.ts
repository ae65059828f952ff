import {JOBS, SERVICES} from '../../stack/catalogue.js'
import {memoryVariable} from '../../stack/names.js'
import type {Evidence} from '../../errors.js'
import type {ServiceState} from '../../stack/state.js'
import {lastLines} from '../../system/text/last-lines.js'
import {docker} from '../docker/command.js'
import type {Cause, Diagnosis} from '../engine.js'
import {endEvidence, logEvidence} from '../evidence.js'
import {findImages} from './images.js'
import {readRange} from './logs.js'

/** Finds out why a service does not become healthy. Its log, which may be in any language, only explains it. */
export async function diagnose(project: string, state: ServiceState): Promise<Diagnosis> {
  const {service, lastRun, healthOutput} = state
  const log = await logOfLastRun(state)
  const lines = lastRun ? endEvidence(service, log) : logEvidence(service, log)
  const health = lastRun ? [] : lastLines(healthOutput, 4)
  const cause =
    (await wrongArchitecture(state)) ??
    outOfMemory(state) ??
    refusedLogin(project, state) ??
    changelogLock(project, state, lines)
  return {
    ...(cause && {cause}),
    evidence: [
      ...lines,
      ...(health.length > 0 ? [{title: `last health check of ${service}`, lines: health}] : []),
    ],
  }
}

/** The number of lines that are read: a few stack traces. */
const TAIL = 2000
/** Lines are stamped when the engine receives them, in ms after the end of the process, and before the next start. */
const LATE_MS = 90

async function logOfLastRun({id, since, lastRun}: ServiceState): Promise<string[]> {
  const from = lastRun ? lastRun.since : since
  const until = lastRun && new Date(Date.parse(lastRun.until) + LATE_MS).toISOString()
  const range = [
    ...(from === undefined ? [] : ['--since', from]),
    ...(until === undefined ? [] : ['--until', until]),
    ...['--tail', String(TAIL)],
  ]
  const lines: string[] = []
  for await (const batch of readRange(id, range, new AbortController().signal))
    lines.push(...batch.map(({text}) => text))
  return lines
}

/** Docker Engine may run images of another architecture by emulation, so a mismatch alone is not an error. */
async function wrongArchitecture({image, service, state, lastRun}: ServiceState): Promise<Cause | undefined> {
  const architecture = (await findImages([image])).get(image)?.architecture
  const engine = (await docker(['version', '--format', '{{.Server.Arch}}'])).trim()
  // A program that cannot run is running for a moment at each restart.
  const isEmulated = state === 'running' && lastRun === undefined
  if (!architecture || architecture === engine || isEmulated) return undefined
  return {
    code: 'image-architecture',
    sentence: `its image ${image} was built for ${architecture}, but this machine is ${engine}`,
    hint: `use an image for ${engine}: ${variableOf(service)}=…`,
  }
}

function outOfMemory({outOfMemory, service}: ServiceState): Cause | undefined {
  if (!outOfMemory) return undefined
  const isJob = JOBS.some(({name}) => name === service)
  return {
    code: 'service-failed',
    sentence: 'the kernel killed it because it exceeded its memory limit (exit status 137)',
    hint: isJob ? 'run the command again' : `raise the limit, for example ${memoryVariable(service)}=1g`,
  }
}

/** The exit status of psql without a connection: https://www.postgresql.org/docs/current/app-psql.html */
const NO_CONNECTION = 2

/** The job that creates the schemas is the first to log in to PostgreSQL, and starts when PostgreSQL is healthy. */
function refusedLogin(project: string, {service, profile, exitCode}: ServiceState): Cause | undefined {
  if (service !== 'postgres-schemas' || exitCode !== NO_CONNECTION) return undefined
  const change = `docker exec -it ${project}-postgres-1 sh -c 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "\\password"'`
  const isDev = profile === 'dev'
  return {
    code: 'service-failed',
    sentence:
      'the database volume was created with a different POSTGRES_USER, POSTGRES_PASSWORD or POSTGRES_DB',
    hint: `if only the password has changed, give the database the new one: ${change}; otherwise set the original values again${isDev ? ', or delete the volume with its data: aquastream env:down --volumes --profile dev' : ''}`,
  }
}

/**
 * Liquibase keeps its lock in a table, where a start that is killed leaves it. It writes the first text every ten
 * seconds, and the second one when it gives up (StandardLockService of github.com/liquibase/liquibase); they have no
 * code, and decide only what is suggested.
 */
const LOCKED = /Waiting for changelog lock|Could not acquire change log lock/

function changelogLock(
  project: string,
  {service, profile}: ServiceState,
  evidence: Evidence[],
): Cause | undefined {
  const schema = SERVICES.find(({name}) => name === service)?.schema
  if (schema === undefined || !evidence.some(({lines}) => lines.some(line => LOCKED.test(line))))
    return undefined
  const sql = `UPDATE \\"${schema}\\".databasechangeloglock SET locked = false`
  const release = `docker exec ${project}-postgres-1 sh -c 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "${sql}"'`
  return {
    code: 'service-failed',
    sentence: `it waits for the Liquibase lock of schema ${schema}, which a start that was interrupted may have left`,
    hint: `if no other process migrates this schema, release the lock: ${release}; then start the service again: aquastream env:restart ${service} --profile ${profile}`,
  }
}

function variableOf(service: string): string {
  return SERVICES.find(({name}) => name === service)?.imageVariable ?? 'the image variable'
}
