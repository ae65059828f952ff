import {loadSettings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import type {EngineChoice} from '../engines/choice.js'
import type {Change, Context, Engine, EngineEvent, Plan, Target} from '../engines/engine.js'
import {openEngineFor} from '../engines/open.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError, orInterruption, throwProblems} from '../errors.js'
import {type Service, withNeeds} from '../stack/catalogue.js'
import {requireServices} from '../stack/names.js'
import {isHealthyOrSkipped, type ServiceState} from '../stack/state.js'
import {type Access, accessTo} from './access.js'
import {type ServiceRow, toRows} from './service-rows.js'
import {chooseStubs} from './stubs.js'
import type {BackUp} from './updates/backup.js'
import {runUpdate, type UpdateEvent} from './updates/update.js'
import type {Start} from './wait.js'

export interface UpRequest {
  stack: StackContext
  /** Services to start, together with their dependencies. Empty: all services. */
  services: string[]
  engine: EngineChoice
  pull: boolean
  /** Backends to replace by stubs, and backends to run from their images; `all` selects every backend. */
  stub: string[]
  real: string[]
  wait: boolean
  /** The address at which other servers reach this one; undefined if it has only one. */
  advertiseAddress: string | undefined
  /** How long to wait for all services to become healthy, in seconds. */
  timeout: number
  /** Makes the backup before an update of a service that owns a schema; undefined: none is made. */
  backUp: BackUp | undefined
}

export type UpEvent =
  | {type: 'step'; step: 'check' | 'images'; state: 'started' | 'done'}
  | {type: 'notice'; text: string}
  /** The services that the command waits for. */
  | {type: 'services'; services: string[]}
  /** A service that runs will be replaced or restarted; `since` as in Change. */
  | {type: 'change'; service: string; action: 'recreate' | 'restart'; reason: string; since: string | null}
  | EngineEvent
  | UpdateEvent

export interface UpReport {
  profile: Profile
  project: string
  engine: Engine['name']
  /** False if the stack was already up and nothing was changed. */
  changed: boolean
  /** The services that were asked for; empty: all. */
  requested: string[]
  /** Services whose container or process was replaced. */
  recreated: string[]
  /** Services that were restarted because they were unhealthy. */
  restarted: string[]
  services: ServiceRow[]
  /** How users log in. */
  access: Access[]
  /** The file that holds the generated passwords; null if there are none. */
  secrets: string | null
}

/**
 * Returns a sentence that the user must confirm before the start, see Engine.consent; undefined if there is none.
 * @throws refused; the errors of the engine
 */
export async function findConsent({
  engine: choice,
  stack,
}: Pick<UpRequest, 'engine' | 'stack'>): Promise<string | undefined> {
  return (await openEngineFor(choice, stack)).engine.consent?.()
}

/**
 * Starts services: checks all requirements, fetches images, starts the services and waits until each is healthy.
 * Nothing is changed before all checks have passed, and nothing at all if the stack is already up.
 *
 * @throws the problems of settings and engine, image-missing, service-failed, timeout; interrupted, terminated
 */
export async function startStack(request: UpRequest, ctx: Context<UpEvent>): Promise<UpReport> {
  const {profile, project} = request.stack
  const {engine, why} = await openEngineFor(request.engine, request.stack)
  requireServices(request.services, profile, {engine: engine.name})
  if (why !== undefined) ctx.on({type: 'notice', text: why})
  await checkAddress(request, engine, ctx)
  const settings = await loadSettings(request.stack)
  for (const text of settings.notices) ctx.on({type: 'notice', text})
  const {services, jobs} = withNeeds(request.services, profile, engine.name)
  ctx.on({type: 'services', services: services.map(({name}) => name)})
  const target: Target = {
    settings,
    services: services.map(({name}) => name),
    jobs: jobs.map(({name}) => name),
    pull: request.pull,
    advertiseAddress: request.advertiseAddress,
    wait: request.wait,
    ...chooseStubs(request, profile),
  }
  const plan = await check(target, engine, ctx)
  const before = plan.states
  const restarted = namesOf(plan, 'restart')
  const isReplaced = (name: string): boolean => target.services.includes(name) && !restarted.includes(name)
  const report = (states: ServiceState[], changed: boolean): UpReport => ({
    profile,
    project,
    engine: engine.name,
    changed,
    requested: request.services,
    restarted,
    recreated: recreated(before, states).filter(isReplaced),
    services: toRows(services, states),
    access: accessTo(states, settings),
    secrets: settings.generated?.path ?? null,
  })
  if (isUpToDate(plan, services, before)) return report(before, false)
  try {
    const final = await fetch(plan, {target, engine}, ctx)
    const start: Start = {
      engine,
      profile,
      ...final.target,
      run: (signal, deadline) => engine.start(final, signal, deadline),
      findProblems: async signal => (await engine.plan(target, signal)).problems,
    }
    const {databaseUrlSource} = request.stack
    const update = {start, plan: final, backUp: request.backUp, databaseUrlSource}
    return report(await runUpdate(update, {...request, ...ctx, before}), true)
  } catch (error) {
    throw orInterruption(error, {
      signal: ctx.signal,
      message: `the ${profile} stack was starting; started services keep running`,
      hint: `continue with aquastream env:up --profile ${profile}, or stop it with aquastream env:down --profile ${profile}`,
    })
  }
}

/**
 * Tells the user where an address has no effect.
 * @throws usage: the engine has no servers that could reach this one
 */
async function checkAddress(
  {advertiseAddress}: UpRequest,
  engine: Engine,
  {on, signal}: Context<UpEvent>,
): Promise<void> {
  if (advertiseAddress === undefined) return
  if (engine.name !== 'swarm') {
    throw new AquastreamError('usage', `--advertise-addr has no effect on the ${engine.name} engine`, {
      hint: 'remove it, or select the engine: --engine swarm',
    })
  }
  if (((await engine.servers?.(signal)) ?? []).length > 0)
    on({type: 'notice', text: '--advertise-addr has no effect: this server is in a Swarm already'})
}

async function check(target: Target, engine: Engine, {on, signal}: Context<UpEvent>): Promise<Plan> {
  on({type: 'step', step: 'check', state: 'started'})
  const plan = await engine.plan(target, signal)
  throwProblems([...target.settings.problems, ...plan.problems])
  on({type: 'step', step: 'check', state: 'done'})
  show(plan, on)
  return plan
}

function show({changes, target}: Plan, on: Context<UpEvent>['on']): void {
  for (const {service, action, reason, since = null} of changes) {
    const isShown = action === 'recreate' || action === 'restart'
    if (isShown && target.services.includes(service)) on({type: 'change', service, action, reason, since})
  }
}

function namesOf({changes}: Plan, wanted: Change['action']): string[] {
  return changes.filter(({action}) => action === wanted).map(({service}) => service)
}

/** Fetches the images of a plan. Returns the plan for what was fetched: only then it is known which images have changed. */
async function fetch(
  plan: Plan,
  {target, engine}: {target: Target; engine: Engine},
  ctx: Context<UpEvent>,
): Promise<Plan> {
  ctx.on({type: 'step', step: 'images', state: 'started'})
  await engine.fetchImages(plan, ctx)
  ctx.on({type: 'step', step: 'images', state: 'done'})
  if (plan.images.every(({how}) => how !== 'pull')) return plan
  const final = await engine.plan({...target, pull: false}, ctx.signal)
  throwProblems(final.problems)
  const isNew = (change: Change): boolean =>
    !plan.changes.some(({service, reason}) => service === change.service && reason === change.reason)
  show({...final, changes: final.changes.filter(isNew)}, ctx.on)
  return final
}

/** Compares the states instead of using the plan: Compose also replaces dependents of a replaced service. */
function recreated(before: ServiceState[], after: ServiceState[]): string[] {
  return after
    .filter(({service, id}) => before.some(old => old.service === service && old.id !== id))
    .map(({service}) => service)
}

/** Finished jobs do not count: they run again only when a service is started. */
function isUpToDate(
  {changes, images, target: {services, pull}}: Plan,
  wanted: Service[],
  states: ServiceState[],
): boolean {
  const untouched = changes.every(
    ({service, action}) => action === 'none' || (action === 'start' && !services.includes(service)),
  )
  const healthy = toRows(wanted, states).every(isHealthyOrSkipped)
  return untouched && healthy && !pull && images.every(({how}) => how === 'present')
}
