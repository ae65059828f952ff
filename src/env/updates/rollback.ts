import type {Profile} from '../../config/profile.js'
import type {Context, Deadline, Engine, History, PreviousVersion} from '../../engines/engine.js'
import {openEngine} from '../../engines/open.js'
import type {StackContext} from '../../engines/stack-context.js'
import {AquastreamError, orInterruption} from '../../errors.js'
import {servicesOf} from '../../stack/catalogue.js'
import {requireServices} from '../../stack/names.js'
import {historyOf} from './history.js'
import {type ServiceRow, toRows} from '../service-rows.js'
import type {WaitEvent} from '../wait.js'
import {findInterruption, type InterruptionEvent} from './interruption.js'
import {startRecorded} from './recorded-start.js'
import {type UnreachableEvent, withSmokeTest} from './smoke-test.js'

export interface RollbackRequest {
  stack: StackContext
  /** Empty: the services of the last update, those that still run what it started. */
  services: string[]
  /** How long to wait for the services to become healthy, in seconds. */
  timeout: number
}

export type RollbackEvent =
  {type: 'rollback'; versions: PreviousVersion[]} | InterruptionEvent | UnreachableEvent | WaitEvent

export interface RollbackReport {
  profile: Profile
  project: string
  engine: Engine['name']
  /** The services that were returned to the version that ran before their last update. */
  versions: PreviousVersion[]
  services: ServiceRow[]
}

/**
 * Returns services to what ran before their last update, and waits until they are healthy. A second rollback undoes the first.
 * @throws no-such-service; no-such-update: a service has no previous version, or the last update was rolled back already;
 * refused, service-failed, timeout; interrupted
 */
export async function rollBack(
  {stack, services, timeout}: RollbackRequest,
  ctx: Context<RollbackEvent>,
): Promise<RollbackReport> {
  const {profile, project} = stack
  const engine = await openEngine(stack)
  requireServices(services, profile, {engine: engine.name})
  const history = historyOf(engine, profile)
  const versions = await history.findPrevious(services, ctx.signal)
  const names = versions.map(({service}) => service)
  const without = services.find(name => !names.includes(name))
  if (without !== undefined) throw neverUpdated(without, profile)
  if (names.length === 0) throw await nothingToUndo(history, profile, ctx.signal)
  ctx.on({type: 'rollback', versions})
  const start = {
    engine,
    profile,
    services: names,
    jobs: [],
    run: (signal: AbortSignal, deadline: Deadline) => history.rollBack(versions, signal, deadline),
    findProblems: async () => [],
  }
  try {
    const before = await engine.states(ctx.signal)
    const interruption = await findInterruption(engine, names, before)
    if (interruption) ctx.on(interruption)
    const run = async () => startRecorded(start, {...ctx, before, timeout, wait: true})
    const states = await withSmokeTest(engine, {updated: names, run}, ctx)
    const rows = toRows(
      servicesOf(profile, engine.name).filter(({name}) => names.includes(name)),
      states,
    )
    return {profile, project, engine: engine.name, versions, services: rows}
  } catch (error) {
    throw orInterruption(error, {
      signal: ctx.signal,
      message: `${names.join(', ')} ${names.length === 1 ? 'was' : 'were'} being rolled back`,
      hint: 'run the command again',
    })
  }
}

function neverUpdated(what: string, profile: Profile): AquastreamError {
  return new AquastreamError(
    'no-such-update',
    `${what} has not been updated, so there is no previous version`,
    {hint: `list the updates: aquastream env:history --profile ${profile}`},
  )
}

/** Swarm may have rolled back the last update. */
async function nothingToUndo(
  history: History,
  profile: Profile,
  signal: AbortSignal,
): Promise<AquastreamError> {
  const {updates} = await history.list(signal)
  const isUpdated = updates.some(({changes}) => changes.some(({from}) => from !== null))
  if (!isUpdated) return neverUpdated(`the ${profile} stack`, profile)
  return new AquastreamError(
    'no-such-update',
    `nothing of the last update of ${profile} runs: it was rolled back already, had not begun, or the stack was removed since`,
    {
      hint: `to go further back, name the services: aquastream env:rollback SERVICE --profile ${profile}; list the updates: aquastream env:history --profile ${profile}`,
    },
  )
}
