import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../errors.js'
import {SERVICES} from '../../stack/catalogue.js'
import {docker} from '../docker/command.js'
import type {Plan, Target} from '../engine.js'
import {composeArgs, composeEnv} from './project.js'
import {type Container, isRunning, LABEL, serviceOf} from './containers/states.js'
import {watchContainers} from './containers/watch.js'

/**
 * Lets Compose create or recreate containers, then starts each container as soon as its dependencies are ready.
 * Compose could start them, too, but it polls for readiness twice a second, in each of the four stages of this stack.
 */
export async function startServices({target, stubs, changes}: Plan, signal: AbortSignal): Promise<void> {
  // Compose would try to start paused containers, which Docker Engine rejects.
  const paused = changes.filter(({action}) => action === 'resume').map(({service}) => service)
  if (paused.length > 0)
    await docker(['compose', '-p', target.settings.project, 'unpause', ...paused], {signal})
  const restarted = changes.filter(({action}) => action === 'restart').map(({service}) => service)
  if (restarted.length > 0) await stopServices(target.settings.project, restarted, signal)
  const names = [...target.jobs, ...target.services]
  await create(target, {env: composeEnv(target, stubs), words: names, signal})
  await startInOrder(target.settings.project, names, signal)
}

/** Recreates services under the settings of a target, without what they depend on, and starts them. */
export async function recreateServices(target: Target, signal: AbortSignal): Promise<void> {
  const env = composeEnv(target, {services: [], image: ''})
  await create(target, {env, words: ['--no-deps', ...target.services], signal})
  await startInOrder(target.settings.project, target.services, signal)
}

async function create(
  target: Target,
  {env, words, signal}: {env: NodeJS.ProcessEnv; words: string[]; signal: AbortSignal},
): Promise<void> {
  const up = ['--progress', 'plain', 'up', '--no-start', '--no-build', '--pull', 'never']
  await createWithRetry(() => docker([...composeArgs(target), ...up, ...words], {env, signal}), signal)
}

/** Stops containers, dependents first, which Compose knows from their labels. */
export async function stopServices(project: string, services: string[], signal: AbortSignal): Promise<void> {
  await docker(['compose', '-p', project, 'stop', ...services], {signal})
}

/** Stops containers and starts them again, each as soon as those of its dependencies that are restarted are ready. */
export async function restartServices(
  project: string,
  services: string[],
  signal: AbortSignal,
): Promise<void> {
  await stopServices(project, services, signal)
  await startInOrder(project, services, signal)
}

const CREATE_TRIES = 5

/** A concurrent start reserves the container names before Compose can find its containers; try again then. */
async function createWithRetry(create: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await create()
      return
    } catch (error) {
      if (tries === CREATE_TRIES || !isTaken(error)) throw error
      await sleep(300 * tries, undefined, {signal})
    }
  }
}

/**
 * Docker reports conflicting names of containers and networks; some versions report a container that disappeared.
 * Compose has one exit status for all failures, and the engine has these messages only in English (nameConflictError
 * and NetworkNameError of github.com/moby/moby). They decide only whether to try again.
 */
function isTaken(error: unknown): boolean {
  return (
    error instanceof AquastreamError &&
    error.evidence.some(({lines}) =>
      lines.some(line => /already (in use|exists)|No such container/.test(line)),
    )
  )
}

/** The Docker events after which a dependency may be ready. */
const DECISIVE = ['start', 'health_status', 'die']

async function startInOrder(project: string, names: string[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const asked = new Set<string>()
  const started = new Set<string>()
  const start = async (container: Container): Promise<void> => {
    asked.add(serviceOf(container))
    if (!isRunning(container)) await docker(['start', container.Id], {signal})
    started.add(serviceOf(container))
  }
  const starts: Promise<void>[] = []
  const until = AbortSignal.any([signal, failed.signal])
  for await (const containers of watchContainers(project, {pace: 0, events: DECISIVE}, until)) {
    const isDue = (container: Container): boolean =>
      names.includes(serviceOf(container)) &&
      !asked.has(serviceOf(container)) &&
      dependenciesOf(container)
        .filter(({on}) => names.includes(on))
        .every(dependency => isSatisfied(dependency, containers, started))
    // A container that already runs emits no event, and may make others due at once.
    for (let due; (due = containers.find(isDue));) {
      starts.push(start(due).catch((error: unknown) => failed.abort(error)))
    }
    if (asked.size === names.length) break
  }
  await Promise.all(starts)
  signal.throwIfAborted()
  failed.signal.throwIfAborted()
}

interface Dependency {
  on: string
  condition: string
}

/**
 * Parses the Compose label: `redis:service_healthy:false,minio-bucket:service_completed_successfully:false`. With `--no-deps`,
 * Compose creates containers whose label is empty.
 */
function dependenciesOf(container: Container): Dependency[] {
  const list = container.Config.Labels?.[LABEL.dependencies]
  if (!list) return needsOf(container).map(on => ({on, condition: 'service_healthy'}))
  return list.split(',').flatMap(entry => {
    const [on, condition] = entry.split(':')
    return on && condition ? [{on, condition}] : []
  })
}

function needsOf(container: Container): string[] {
  return SERVICES.find(({name}) => name === serviceOf(container))?.needs ?? []
}

/** A job must succeed during this start: an earlier success says nothing about the current volume. */
function isSatisfied({on, condition}: Dependency, containers: Container[], started: Set<string>): boolean {
  const state = containers.find(container => serviceOf(container) === on)?.State
  if (!state || !started.has(on)) return false
  if (condition === 'service_healthy') return state.Status === 'running' && state.Health?.Status === 'healthy'
  if (condition === 'service_completed_successfully') return state.Status === 'exited' && state.ExitCode === 0
  return state.Status === 'running'
}
