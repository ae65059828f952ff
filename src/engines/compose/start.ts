import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../errors.js'
import type {Plan} from '../engine.js'
import {docker} from './docker.js'
import {composeArgs, composeEnv} from './project.js'
import {type Container, isRunning, LABEL, serviceOf} from './states.js'
import {watchContainers} from './watch.js'

/**
 * Has Compose create what is not as the file and the settings say, then starts each container at the moment
 * when what it depends on is ready. Compose would do that too, and look for that moment twice a second, in
 * each of the four stages of this stack.
 */
export async function startServices({target, stubs, changes}: Plan, signal: AbortSignal): Promise<void> {
  const names = [...target.jobs, ...target.services]
  const create = ['up', '--no-start', '--no-build', '--pull', 'never', ...names]
  const env = composeEnv(target, stubs)
  // Compose would try to start what is paused, which the engine refuses.
  const paused = changes.filter(({action}) => action === 'resume').map(({service}) => service)
  if (paused.length > 0)
    await docker(['compose', '-p', target.settings.project, 'unpause', ...paused], {signal})
  const createAll = () => docker([...composeArgs(target), '--progress', 'plain', ...create], {env, signal})
  await createBeside(createAll, signal)
  await startInOrder(target.settings.project, names, signal)
}

const CREATE_TRIES = 5

/** Another start at the same moment takes the names, a while before its containers can be found by Compose. */
async function createBeside(create: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
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
 * The engine says so of names and networks; some versions only that what they just saw is gone. Compose has one exit
 * status for all failures, and the engine has these messages in English only (nameConflictError and NetworkNameError of
 * github.com/moby/moby). They decide about another try alone.
 */
function isTaken(error: unknown): boolean {
  return (
    error instanceof AquastreamError &&
    error.evidence.some(({lines}) =>
      lines.some(line => /already (in use|exists)|No such container/.test(line)),
    )
  )
}

/** The events that can make a dependency ready. */
const DECISIVE = ['health_status', 'die']

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
      dependenciesOf(container).every(dependency => isMet(dependency, containers, started))
    // One that runs already makes others due at once, and no event will come for it.
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

/** As Compose labels it: `redis:service_healthy:false,minio-bucket:service_completed_successfully:false`. */
function dependenciesOf({Config: {Labels: labels}}: Container): Dependency[] {
  const list = labels[LABEL.dependencies] ?? ''
  return list.split(',').flatMap(entry => {
    const [on, condition] = entry.split(':')
    return on && condition ? [{on, condition}] : []
  })
}

/** A job has to end well in this start: that it once did says nothing about the volume of today. */
function isMet({on, condition}: Dependency, containers: Container[], started: Set<string>): boolean {
  const state = containers.find(container => serviceOf(container) === on)?.State
  if (!state || !started.has(on)) return false
  if (condition === 'service_healthy') return state.Status === 'running' && state.Health?.Status === 'healthy'
  if (condition === 'service_completed_successfully') return state.Status === 'exited' && state.ExitCode === 0
  return state.Status === 'running'
}
