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

/** One stack of this machine: a profile, its project, and the engine that runs it. */
export interface Stack {
  profile: Profile
  project: string
  engine: Engine
}

/** Where to look for the stack of a command. */
export interface StackRequest extends Omit<SettingsRequest, 'profile'> {
  profile: Profile | undefined
}

/**
 * The stack that a command is about: of the profile asked for, else the only one that runs, else dev; on the engine
 * that runs it, else on the one that would.
 *
 * @throws engine-denied
 */
export async function openStack(request: StackRequest): Promise<Stack> {
  const {profile, project} = await findStack(request)
  const {engine, problem} = await findEngine(profile, project, request.env)
  // There is an engine, and who may not ask it cannot know that nothing runs there.
  if (problem?.code === 'engine-denied')
    throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
  return {profile, project, engine}
}

/**
 * The same for a start, with a say in which engine it is to be.
 * @returns also why it is not the usual one, in a sentence
 * @throws refused: it runs on the other already, or the profile is not for it
 */
export async function openStackOn(
  choice: EngineChoice,
  request: StackRequest,
): Promise<Stack & {why: string | undefined}> {
  const {profile, project} = await findStack(request)
  if (choice === 'embedded' && profile !== 'dev') {
    throw new AquastreamError('refused', `the embedded engine is for dev, and ${profile} runs on Docker`, {
      hint: `leave --engine out, or start dev: aquastream env:up --profile dev --engine embedded`,
    })
  }
  const usual = await findEngine(profile, project, request.env)
  if (choice === 'auto' || choice === usual.engine.name) {
    const why =
      usual.why ?? (profile === 'dev' ? await findDataLeft(usual.engine, project, request.env) : undefined)
    return {profile, project, engine: usual.engine, why}
  }
  if (usual.isRunning || (await runningProjects()).has(project)) {
    throw new AquastreamError('refused', `${project} runs on the ${usual.engine.name} engine`, {
      hint: `stop it first: aquastream env:down --profile ${profile}`,
    })
  }
  const engine = choice === 'compose' ? composeEngine(project) : embeddedEngine(project, request.env)
  return {profile, project, engine, why: undefined}
}

/** Docker came after the embedded engine: who looks for their data is told where it is. */
async function findDataLeft(
  engine: Engine,
  project: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (engine.name === 'embedded') return undefined
  const home = findHome(project, env)
  if (!home || (await dataIn(home)).length === 0 || (await engine.volumes()).length > 0) return undefined
  return 'On Docker dev begins with no data; what it has on the embedded engine stays there: aquastream env:up --profile dev --engine embedded'
}

/** Every engine that may have data of a stack, the one that runs it first; one that cannot be asked has none to give. */
export async function enginesOf(
  {engine, profile, project}: Stack,
  env: NodeJS.ProcessEnv,
): Promise<Engine[]> {
  if (profile !== 'dev') return [engine]
  if (engine.name === 'compose')
    return findHome(project, env) ? [engine, embeddedEngine(project, env)] : [engine]
  return (await findEngineProblem()) ? [engine] : [engine, composeEngine(project)]
}

/** The profile that a command is about, by the same rule. */
export async function findProfile(request: StackRequest): Promise<Profile> {
  return request.profile ?? (await onlyRunning(request)) ?? 'dev'
}

async function findStack(request: StackRequest): Promise<{profile: Profile; project: string}> {
  const profile = await findProfile(request)
  return {profile, project: await findProject({...request, profile})}
}

interface Found {
  engine: Engine
  /** Whether something of it runs; known of the embedded engine alone. */
  isRunning: boolean
  why: string | undefined
  /** What keeps Docker from being used. */
  problem?: Problem
}

/** Only dev is ever on the embedded engine; elsewhere what keeps Docker from working is to be said. */
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
    why: `No Docker engine can be used (${problem.message}), so ${profile} runs on the embedded engine, with data of its own.`,
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
