import {readFile} from 'node:fs/promises'
import {arch, cpus, release, totalmem, type} from 'node:os'
import {listBackups} from '../backup/list.js'
import {listSets} from '../backup/repository/sets.js'
import type {Engine, LogLine, ServiceFacts} from '../engines/engine.js'
import {notRunning} from '../engines/not-running.js'
import type {StackContext} from '../engines/stack-context.js'
import {explainConfig} from '../env/config.js'
import {AquastreamError} from '../errors.js'
import {JOBS} from '../stack/catalogue.js'
import type {ServiceState} from '../stack/state.js'
import {version} from '../system/version.js'
import {readTail} from './tail.js'

/** A file of a support bundle that has not been masked yet. */
export interface BundleFile {
  path: string
  /** A description of the file, in one line. */
  about: string
  text: string
}

/** Something that is missing from a support bundle, and why. */
export interface MissingPart {
  what: string
  why: string
}

export interface CollectRequest {
  stack: StackContext
  /** The services whose logs are collected. Empty: all services. */
  services: string[]
  /** As in LogQuery. */
  since: string | undefined
  tail: number | undefined
}

/** What the engine reports about a stack; empty if it does not respond. */
export interface EngineInfo {
  states: ServiceState[]
  facts: ServiceFacts[]
  versions: Record<string, string>
}

/** Maximum characters of each log, of which the newest are kept, so that the bundle stays small enough to send. */
const MOST = 512 * 1024

/** The number of newest manifests to include; they contain the tables and their row counts. */
const MANIFESTS = 3

/**
 * Queries the engine; a failed query becomes a gap. Without the facts no logs are collected, because a service may have
 * logged a secret that is known only from its environment.
 */
export async function askEngine(
  engine: Engine,
  {stack: {project, profile}, gaps, signal}: {stack: StackContext; gaps: MissingPart[]; signal: AbortSignal},
): Promise<EngineInfo> {
  const attempt = attempts(gaps, signal)
  const answers = await attempt('services and their logs', () =>
    Promise.all([engine.states(signal), engine.facts(signal)]),
  )
  if (!answers) return {states: [], facts: [], versions: {}}
  const [states, facts] = answers
  if (states.length === 0)
    gaps.push({
      what: 'services and their logs',
      why: notRunning(project, profile, engine.dockerProblem).message,
    })
  const versions = await attempt('versions of the engine', () => engine.versions(signal))
  return {states, facts, versions: versions ?? {}}
}

/** The sources of a support bundle. */
export interface CollectContext {
  engine: Engine
  known: EngineInfo
  gaps: MissingPart[]
  signal: AbortSignal
}

/** Yields the files of a support bundle one at a time, to save memory. What cannot be collected becomes a gap. */
export async function* collect(
  request: CollectRequest,
  {engine, known, gaps, signal}: CollectContext,
): AsyncGenerator<BundleFile> {
  const attempt = attempts(gaps, signal)
  yield json('versions.json', 'versions of aquastream, Node.js, the system, the engine and the images', {
    aquastream: version,
    node: process.version,
    system: await describeSystem(),
    engine: {name: engine.name, ...known.versions},
    images: imagesOf(known),
  })
  if (known.states.length > 0)
    yield json('services.json', 'state and last health checks of each service', servicesOf(known))
  const settings = await attempt('settings', () => explainConfig(request.stack))
  if (settings)
    yield json('settings.json', 'each setting and its source, as reported by env:config', settings)
  const backups = await attempt('backups', () => describeBackups(request.stack.backups))
  if (backups)
    yield json('backups.json', 'the backups as reported by db:list, and the newest manifests', backups)
  const query = {follow: false, since: request.since, tail: request.tail, isMasked: true}
  for (const service of writersOf(request, known)) {
    const log = await attempt(`log of ${service}`, () =>
      readLog(engine.logs({...query, services: [service]}, signal), service),
    )
    if (log?.text) yield log
    // An empty log is normal for a job.
    else if (log && !JOBS.some(({name}) => name === service))
      gaps.push({
        what: `log of ${service}`,
        why: 'the service has logged nothing, or the engine keeps no log of it',
      })
  }
}

/** Returns a function that runs work and records its expected failure as a gap. */
function attempts(gaps: MissingPart[], signal: AbortSignal) {
  return async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof AquastreamError)) throw error
      gaps.push({what, why: error.message})
      return undefined
    }
  }
}

function json(path: string, about: string, value: unknown): BundleFile {
  return {path, about, text: `${JSON.stringify(value, null, 2)}\n`}
}

async function describeSystem(): Promise<object> {
  const file = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(file)?.[1]
  return {
    name: name ?? type(),
    kernel: `${type()} ${release()}`,
    architecture: arch(),
    processors: cpus().length,
    memory: totalmem(),
  }
}

function imagesOf({states, facts}: EngineInfo): object[] {
  return states.map(({service, image}) => ({
    service,
    image,
    ...facts.find(fact => fact.service === service)?.image,
  }))
}

/** Copies known fields only: an engine may add others, such as a hash of the whole environment. */
function servicesOf({states, facts}: EngineInfo): object[] {
  return states.map(
    ({
      service,
      state,
      health,
      since,
      restarts,
      exitCode,
      outOfMemory,
      failedChecks,
      stub,
      published,
      note,
    }) => ({
      service,
      state,
      health,
      since,
      restarts,
      exitCode,
      outOfMemory,
      failedChecks,
      checks: facts.find(fact => fact.service === service)?.checks ?? [],
      stub,
      published,
      note,
    }),
  )
}

async function describeBackups(directory: string): Promise<object> {
  const report = await listBackups(directory)
  const sets = await listSets(directory)
  const manifests = sets.flatMap(({manifest}) => manifest ?? []).slice(0, MANIFESTS)
  return {...report, manifests}
}

function writersOf({services}: CollectRequest, {states}: EngineInfo): string[] {
  return states
    .filter(({state}) => state !== 'skipped')
    .map(({service}) => service)
    .filter(name => services.length === 0 || services.includes(name))
}

async function readLog(lines: AsyncIterable<LogLine>, service: string): Promise<BundleFile> {
  const {text, left} = await readTail(lines, MOST)
  const cut = left > 0 ? `, without ${left} older lines` : ''
  return {path: `logs/${service}.log`, about: `log of ${service}${cut}`, text}
}
