import {findProject, type SettingsRequest} from '../config/layers.js'
import {type Profile, PROFILES} from '../config/profile.js'
import {AquastreamError, type Problem} from '../errors.js'
import {which} from '../system/which.js'
import type {EngineChoice} from './choice.js'
import {findEngineProblem} from './compose/docker.js'
import {composeEngine} from './compose/engine.js'
import {runningProjects} from './compose/states.js'
import {embeddedEngine} from './embedded/engine.js'
import {dataIn, findHome} from './embedded/home/home.js'
import {isAnythingRunning} from './embedded/states.js'
import type {Engine} from './engine.js'

/** A stack on this machine: its profile, its project and its engine. */
export interface Stack {
  profile: Profile
  project: string
  engine: Engine
}

/** What determines the stack of a command. */
export interface StackRequest extends Omit<SettingsRequest, 'profile'> {
  profile: Profile | undefined
}

/**
 * Finds the stack of a command. Its profile is the requested one, otherwise the only one that is running, otherwise
 * dev. Its engine is the one that runs it, otherwise the one that would.
 *
 * @throws engine-denied; settings-unreadable, settings-invalid
 */
export async function openStack(request: StackRequest): Promise<Stack> {
  const {profile, project} = await findStack(request)
  const {engine, problem} = await findEngine(profile, project, request.env)
  // Docker Engine is installed, and without access to it nobody knows whether the stack runs there.
  if (problem?.code === 'engine-denied')
    throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
  return {profile, project, engine}
}

/**
 * Finds the stack of a start, on the chosen engine.
 * @returns the stack, and in `why` a sentence for the user if the choice of the engine needs one
 * @throws refused: the stack is running on the other engine, or its profile does not support the chosen one
 */
export async function openStackOn(
  choice: EngineChoice,
  request: StackRequest,
): Promise<Stack & {why: string | undefined}> {
  const {profile, project} = await findStack(request)
  if (choice === 'embedded' && profile !== 'dev') {
    throw new AquastreamError('refused', `the embedded engine supports only dev, not ${profile}`, {
      hint: `remove --engine, or start dev: aquastream env:up --profile dev --engine embedded`,
    })
  }
  const usual = await findEngine(profile, project, request.env)
  if (choice === 'auto' || choice === usual.engine.name) {
    const why =
      usual.why ?? (profile === 'dev' ? await findDataLeft(usual.engine, project, request.env) : undefined)
    return {profile, project, engine: usual.engine, why}
  }
  if (usual.isRunning || (await runningProjects()).has(project)) {
    throw new AquastreamError('refused', `${project} is running on the ${usual.engine.name} engine`, {
      hint: `stop it first: aquastream env:down --profile ${profile}`,
    })
  }
  const engine = choice === 'compose' ? composeEngine(project) : embeddedEngine(project, request.env)
  return {profile, project, engine, why: undefined}
}

/** When dev moves from the embedded engine to Docker, the user is told where the data is. */
async function findDataLeft(
  engine: Engine,
  project: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (engine.name === 'embedded') return undefined
  const home = findHome(project, env)
  if (!home || (await dataIn(home)).length === 0 || (await engine.volumes()).length > 0) return undefined
  return "dev starts empty on Docker; the embedded engine's data is kept: aquastream env:up --profile dev --engine embedded"
}

/** Returns every available engine that may hold data of a stack, starting with the one that runs it. */
export async function enginesOf(
  {engine, profile, project}: Stack,
  env: NodeJS.ProcessEnv,
): Promise<Engine[]> {
  if (profile !== 'dev') return [engine]
  if (engine.name === 'compose')
    return findHome(project, env) ? [engine, embeddedEngine(project, env)] : [engine]
  return (await findEngineProblem()) ? [engine] : [engine, composeEngine(project)]
}

/** Returns the profile of a command: the requested one, otherwise the only one that is running, otherwise dev. */
export async function findProfile(request: StackRequest): Promise<Profile> {
  return request.profile ?? (await onlyRunning(request)) ?? 'dev'
}

async function findStack(request: StackRequest): Promise<{profile: Profile; project: string}> {
  const profile = await findProfile(request)
  return {profile, project: await findProject({...request, profile})}
}

interface Found {
  engine: Engine
  /** Whether the stack is running; determined only for the embedded engine. */
  isRunning: boolean
  why: string | undefined
  /** Why Docker is not available. */
  problem?: Problem
}

/** Only dev falls back to the embedded engine; the other profiles report why Docker is not available. */
async function findEngine(profile: Profile, project: string, env: NodeJS.ProcessEnv): Promise<Found> {
  const compose = {engine: composeEngine(project), isRunning: false, why: undefined}
  if (profile !== 'dev') return compose
  if (await isAnythingRunning(project, env))
    return {engine: embeddedEngine(project, env), isRunning: true, why: undefined}
  const problem = await findEngineProblem()
  if (!problem) return compose
  const unasked = (await which('docker')) ? problem.message : undefined
  return {
    engine: embeddedEngine(project, env, unasked),
    isRunning: false,
    why: `Docker is not available (${problem.message}). Using the embedded engine, which keeps its own data.`,
    problem,
  }
}

async function onlyRunning(request: StackRequest): Promise<Profile | undefined> {
  const running = await runningProjects()
  const stacks = await Promise.all(
    PROFILES.map(async profile => ({profile, project: await findProject({...request, profile})})),
  )
  const isOurs = async ({profile, project}: {profile: Profile; project: string}): Promise<boolean> =>
    running.get(project) === profile || (profile === 'dev' && (await isAnythingRunning(project, request.env)))
  const found = await Promise.all(stacks.map(isOurs))
  const ours = stacks.filter((_, index) => found[index])
  return ours.length === 1 ? ours[0]?.profile : undefined
}
